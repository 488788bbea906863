"""What image → tweet retrieval is measured against: CCA of picture features and what stands for a tweet, e.g. its topics."""
