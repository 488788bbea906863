"""Cleaning: check the picture, give every text one spelling, refuse what no data set can hold."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam

from data_prep.clean.duplicates import Keys, keys_of
from data_prep.clean.pictures import Checked, check_picture
from data_prep.config import Image
from data_prep.draft import Draft, Reject
from data_prep.pruning.prune import Pruner
from data_prep.route import CLEAN, Route
from data_prep.words import distinct
from data_prep.work.chunks import Position, Ticker
from kerasmm.data.opening import TOO_MANY_PIXELS, BadPicture
from kerasmm.data.spelling import normalise

_INT64 = 1 << 63


def clean_words(draft: Draft) -> Draft | Reject:
    """The draft with its texts, tags and labels normalised; its id and author stay as the publisher wrote them."""
    post = draft.post
    try:
        for name in (post.id, post.user or "", *post.links):
            name.encode()
    except UnicodeEncodeError as error:
        return Reject(ascii(post.id), "text", "id, user or link is not valid Unicode", str(error))
    if post.time is not None and not -_INT64 <= post.time < _INT64:
        return Reject(post.id, "text", "time out of range", str(post.time))
    return dataclasses.replace(
        draft,
        post=dataclasses.replace(
            post,
            text=normalise(post.text or "") or None,
            sentences=tuple(filter(None, map(normalise, post.sentences))),
            tags=distinct(map(normalise, post.tags)),
            labels=distinct(map(normalise, post.labels)),
        ),
    )


@functools.lru_cache(maxsize=4)
def _checked(path: Path, stamp: tuple[int, ...], config: Image) -> Checked:
    # Posts on one film share its poster and follow one another. The stamp tells when the file is another one.
    return check_picture(path, config.max_pixels, config.max_side)


def _stamp(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def clean_picture(draft: Draft, config: Image, re_encoded: Path) -> Draft | Reject:
    """The draft with a checked picture and its digest; a picture that had to be re-encoded goes to `re_encoded`."""
    if draft.picture is None:
        missing = Reject(draft.post.id, "image", "no picture", bad=False)
        return missing if config.required else draft
    try:
        encoded, digest, animated = _checked(Path(draft.picture), _stamp(Path(draft.picture)), config)
    except BadPicture as error:
        return Reject(draft.post.id, "image", str(error), _detail(draft.picture, error))
    except FileNotFoundError:
        return Reject(draft.post.id, "image", "missing file", draft.picture)
    except OSError as error:
        return Reject(draft.post.id, "image", "unreadable file", str(error))
    draft = dataclasses.replace(draft, animated=animated or None)
    if encoded is None:
        return dataclasses.replace(draft, digest=digest)
    re_encoded.parent.mkdir(parents=True, exist_ok=True)
    re_encoded.write_bytes(encoded)
    return dataclasses.replace(draft, picture=str(re_encoded), digest=hashlib.sha256(encoded).hexdigest())


def _detail(picture: str, error: BadPicture) -> str:
    key = " (`image.max_pixels`)" if str(error) == TOO_MANY_PIXELS else ""
    return f"{picture}: {error.detail}{key}" if error.detail else picture


def _is_empty(draft: Draft) -> bool:
    post = draft.post
    return not (draft.picture or post.text or post.sentences or post.tags)


class Clean(beam.PTransform):
    """Numbers of raw or connoted chunks → the keys by which duplicates are found; writes clean chunks and lists rejects.

    Args:
        route: Where the drafts are; its configuration says how pictures are checked and what is pruned.
    """

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[tuple[bytes, tuple[Position, bytes]]]:
        return numbers | beam.FlatMap(_clean_chunk, self._route)


def _clean_chunk(number: int, route: Route) -> Iterator[Keys]:
    work, pruner = route.work, Pruner(route.config.prune)
    keys: list[Keys] = []
    rejects: list[Reject] = []

    def clean_lines() -> Iterator[str]:
        with Ticker(work, "clean", number) as tick:
            for index, draft in enumerate(route.drafts(number)):
                tick()
                done = _clean(draft, route.config.image, pruner, work.path("pictures", number, "d") / str(index))
                if isinstance(done, Reject):
                    rejects.append(done)
                else:
                    keys.append(keys_of(done, (number, len(keys))))
                    yield done.to_json()

    work.write_lines(work.path(CLEAN, number), clean_lines())
    work.write_rejects("clean", number, rejects)
    yield from keys


def _clean(draft: Draft, image: Image, pruner: Pruner, re_encoded: Path) -> Draft | Reject:
    spelled = clean_words(draft)
    if isinstance(spelled, Reject):
        return spelled
    if _is_empty(spelled):
        return Reject(draft.post.id, "text", "empty post", bad=False)
    # What is left is pruned, as in the paper: a post without a picture is one, whatever it says.
    if (draft.picture or not image.required) and (reject := pruner(draft)):
        return reject
    return clean_picture(spelled, image, re_encoded)
