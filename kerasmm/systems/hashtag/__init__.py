"""Hashtag: user-specific hashtags, a model of tags, pictures and users."""
