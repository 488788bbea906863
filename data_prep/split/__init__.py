"""Which post goes to training, validation and test."""
