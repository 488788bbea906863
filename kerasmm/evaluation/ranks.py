"""The ranks, shares and directions that figures are named by; tables and plots read them without NumPy."""

from __future__ import annotations

SEARCH_RANKS = (1, 5, 10, 20, 50)
"""k of p@k in a search of posts."""
RECALLS = (1, 5, 10)
"""k of R@k between images and sentences."""
DIRECTIONS = ("image_to_text", "text_to_image")
SHARES = (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
"""Percent of the pictures that are asked for their tweets."""
RANK = "image_to_tweet/mean_rank"
"""Of the figures: `RANK/10` is the mean rank of a tenth of them."""
