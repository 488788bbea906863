"""What a data set lacks that a model may train on, and how a build gives it."""

from __future__ import annotations

from collections.abc import Iterator

from kerasmm.data.manifest import Manifest

_TRAIN = "train"


def missing(manifest: Manifest) -> dict[str, str]:
    """Fields that no training post has, though a model may need them → how a build gives them; empty where it can't."""
    has = {name for name, count in manifest.fields.get(_TRAIN, {}).items() if count}
    from_tags = "`--labels-from-tags N` makes the N most frequent tags labels" if "tags" in has else ""
    found = {
        "text": "",
        "tags": "",
        "labels": from_tags,
        "links": "" if "labels" in has else "posts that share a label are linked",
        "sentences": "`--set annotate.sentences=from_text` takes texts for sentences" if "text" in has else "",
    }
    if "sentences" in has:
        found["sentences/tags"] = "`--set annotate.sentence_tags=true` reads them out of the sentences"
    return {field: advice for field, advice in found.items() if field not in has}


def lost_links(manifest: Manifest) -> Iterator[str]:
    """The line that counts the links of the source that lead out of the training split, if any do."""
    counts = [int(manifest.statistics.get(f"links/{name}", 0)) for name in ("given", "to_no_post", "to_other_splits")]
    given, nowhere, elsewhere = counts
    if nowhere or elsewhere:
        yield (
            f"links that the source gave for training posts: {given:,}; {nowhere:,} lead to no post of the data set, "
            f"{elsewhere:,} to posts of other splits; a post without others is linked by its labels"
        )


def told(manifest: Manifest) -> Iterator[str]:
    """The lines that say so, if anything is missing."""
    yield from lost_links(manifest)
    fields = [f"{field} ({advice})" if advice else field for field, advice in missing(manifest).items()]
    if fields:
        yield f"not in it, should a model need it: {'; '.join(fields)}"
