"""What is written beside a post's own words: tags of sentences, their nouns and verbs."""
