"""Web posts that go with the words of a clean data set."""
