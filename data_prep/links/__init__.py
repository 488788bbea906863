"""Which posts are linked."""
