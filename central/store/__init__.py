"""Tables and queries of the centre. Rules live in `domain`, commits in `tx` alone."""
