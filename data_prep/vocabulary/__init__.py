"""Which words are kept."""
