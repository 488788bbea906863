"""What foreseen tags of pictures are measured against."""
