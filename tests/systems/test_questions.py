"""The commands that are shown when a training ends can be typed."""

from __future__ import annotations

import importlib
import shlex

import pytest

from kerasmm.systems import Facts, system
from kerasmm.systems.config import load_config


@pytest.mark.parametrize("base", ["attention", "words", "embedding"])
@pytest.mark.parametrize("tags", [["snow", "it's a dog; rm"], []])
def test_what_dman_is_asked(base, tags):
    kind = system("dman")
    beta = ["loss.beta=0"] if base == "embedding" else []
    config = load_config(kind.Config, None, [f"network.base={base}", *beta])
    made = kind(config, Facts({"tags": tags, "labels": []}, None, {}))
    asked = {}
    for question in made.questions("saved models/dman"):
        command, *arguments = shlex.split(question)
        parsed = importlib.import_module(f"kerasmm.{command}").parser().parse_args(arguments)
        assert str(parsed.model) == "saved models/dman"
        asked.setdefault(command, []).append(parsed)
    # Words look at regions only through attention, and search only what they helped to embed.
    by_words = [parsed.tag for parsed in asked["search"] if parsed.tag]
    assert by_words == ([] if base == "embedding" else [[tags[0] if tags else "word"]])
    assert ("attend" in asked) == (base == "attention") and "label" in asked
    assert [str(parsed.image) for parsed in asked["search"] if parsed.image] == ["PICTURE.jpg"]
