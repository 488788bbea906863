"""Published layouts, each read into drafts of posts. One file a layout; found by name, imported when used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError, nearest

if TYPE_CHECKING:
    from data_prep.sources.source import Source

SOURCES: dict[str, str] = {
    "shapes": "data_prep.sources.shapes.source:Shapes",
    "flickr8k": "data_prep.sources.flickr8k:Flickr8k",
    "flickr30k": "data_prep.sources.flickr30k:Flickr30k",
    "coco": "data_prep.sources.coco:Coco",
    "movielens": "data_prep.sources.movielens:MovieLens",
    "nuswide": "data_prep.sources.nuswide:NusWide",
    "mirflickr": "data_prep.sources.mirflickr:MirFlickr",
    "voc": "data_prep.sources.voc:Voc",
    "tweets": "data_prep.sources.tweets:Tweets",
    "twitter": "data_prep.sources.twitter:Twitter",
    "yfcc100m": "data_prep.sources.yfcc100m:Yfcc100m",
    "posts": "data_prep.sources.posts:Posts",
}
"""Name of every source → where its class is."""


def find(name: str) -> type[Source]:
    """The source of that name.

    Raises:
        UserError: For an unknown name; the message has the nearest known one.
    """
    if name not in SOURCES:
        raise UserError(f"unknown source {name!r}; known are {', '.join(SOURCES)}.{nearest(name, SOURCES)}")
    module, class_name = SOURCES[name].split(":")
    source: type[Source] = getattr(importlib.import_module(module), class_name)
    return source


def __getattr__(name: str) -> Any:
    if name == "Source":
        from data_prep.sources.source import Source

        return Source
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
