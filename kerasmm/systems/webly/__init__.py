"""Webly supervised joint embedding."""
