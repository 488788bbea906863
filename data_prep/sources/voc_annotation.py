"""An annotation of PASCAL VOC: which classes a picture shows, and where."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

from data_prep.sources.post_fields import Faulty, received
from data_prep.sources.xml_records import MAX_RECORD_BYTES, records
from kerasmm.data.boxes import Box

CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip

_NUMBER = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,30})?")


class Annotation(NamedTuple):
    """What an annotation says of a picture.

    Args:
        flickr: Flickr's id of the photo; since 2008 annotations have none.
        owner: Flickr's id of its owner.
        labels: The classes, each once, in order of appearance. Objects marked as difficult don't count, as in the
            development kit.
        boxes: A class and a box for each object that counts.
    """

    flickr: str | None
    owner: str | None
    labels: tuple[str, ...]
    boxes: tuple[tuple[str, Box], ...]


def read_annotation(path: Path) -> Annotation:
    """Reads `Annotations/NAME.xml`.

    Raises:
        Faulty: For a file that is no annotation; the message says why.
    """
    if path.stat().st_size > MAX_RECORD_BYTES:
        raise Faulty(f"XML record longer than {MAX_RECORD_BYTES} bytes")
    found = list(records(path, "annotation"))
    if len(found) != 1:
        raise Faulty("not one <annotation>", received(len(found)))
    root = found[0]
    size = _number(root, "size/width"), _number(root, "size/height")
    if min(size) < 1:
        raise Faulty("size of the picture must be positive", received(size))
    boxes = tuple(_box(one, *size) for one in root.findall("object") if one.findtext("difficult", "0").strip() != "1")
    labels = tuple(dict.fromkeys(label for label, _ in boxes))
    return Annotation(_text(root, "source/flickrid"), _text(root, "owner/flickrid"), labels, boxes)


def _box(one: Element, width: float, height: float) -> tuple[str, Box]:
    """Pixels count from 1 and the last one belongs to the box: pixels 1 to `width` are the whole width."""
    label = one.findtext("name", "").strip()
    if label not in CLASSES:
        raise Faulty("object is none of the 20 classes", received(label))
    x0, y0 = ((_number(one, f"bndbox/{edge}") - 1) for edge in ("xmin", "ymin"))
    x1, y1 = (_number(one, f"bndbox/{edge}") for edge in ("xmax", "ymax"))
    # A few published boxes reach over the edge by a pixel.
    box = (max(y0 / height, 0), max(x0 / width, 0), min(y1 / height, 1), min(x1 / width, 1))
    if not (box[0] < box[2] and box[1] < box[3]):
        raise Faulty("box has no area in the picture", received((label, x0 + 1, y0 + 1, x1, y1)))
    return label, box


def _number(element: Element, path: str) -> float:
    text = element.findtext(path, "").strip()
    if not _NUMBER.fullmatch(text):
        raise Faulty(f"<{path}> must be a number", received(text))
    return float(text)


def _text(element: Element, path: str) -> str | None:
    return element.findtext(path, "").strip() or None
