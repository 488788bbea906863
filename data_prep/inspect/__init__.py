"""What is in a data set, in figures and plots."""
