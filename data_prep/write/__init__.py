"""The data set's shards and stored features."""
