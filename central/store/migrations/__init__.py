"""Schema history, by Alembic. A revision that has left the house is never edited again."""
