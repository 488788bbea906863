"""Which posts are dropped for what they say (CMEM, section 4.1.1)."""
