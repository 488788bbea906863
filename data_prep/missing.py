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


def told(manifest: Manifest) -> Iterator[str]:
    """The line that says so, if anything is missing."""
    fields = [f"{field} ({advice})" if advice else field for field, advice in missing(manifest).items()]
    if fields:
        yield f"not in it, should a model need it: {'; '.join(fields)}"
