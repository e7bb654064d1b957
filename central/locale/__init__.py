"""Message catalogs of the centre's pages: one .po per language, compiled in memory at start."""
