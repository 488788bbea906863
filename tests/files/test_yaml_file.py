"""YAML is bounded and plain; an error names line and key."""

from __future__ import annotations

import time

import pytest
import yaml

from kerasmm.console import UserError
from kerasmm.files.yaml_file import loaded_yaml
from tests.files.drawn import drawn_value

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

HOSTILE = {
    "bomb": (BOMB, "aliases repeat"),
    "merges": (MERGES, "aliases repeat"),
    "ring": ("a: &a [*a]", "deep"),
    "ring of keys": ("a: &a {b: *a}", "deep"),
    "deep list": ("[" * 100_000, "x.yaml: "),
    "deep lists": ("[" * 200 + "]" * 200, "deep"),
    "deep block": ("- " * 50_000, "deep"),
    "deep mapping": ("{a: " * 200 + "1" + "}" * 200, "deep"),
    "python": ("a: !!python/object/apply:os.system [ls]", "x.yaml:1: `a`"),
    "float": ("a:\n  b: !!float abc", "x.yaml:2: `a.b`: not a float. Received: 'abc'"),
    "int": ("a: !!int ''", "x.yaml:1: `a`: not a int"),
    "bool": ("a: !!bool perhaps", "x.yaml:1: `a`: not a bool"),
    "time": ("a: !!timestamp 2001-99-99", "x.yaml:1: `a`"),
    "binary": ("a: !!binary x", "x.yaml:1: `a`"),
    "set": ("a: !!set {x}", "x.yaml:1: `a`"),
    "count": ("a: {b: [1, 1" + "0" * 25 + "]}", "x.yaml:1: `a.b.1`: must lie within 64 bits"),
    "digits": ("a: 1" + "0" * 6000, "x.yaml:1: `a`"),
    "hexadecimal": ("a: 0x" + "f" * 6000, "x.yaml:1: `a`: must lie within 64 bits"),
    "character": ('a: "\\U7fffffff"', "not valid YAML"),
    "half a character": ('a: "\\ud800"', "x.yaml:1: `a`: holds half"),
    "key": ("? [a]\n: 1", "x.yaml:1: a key must be"),
    "merge of none": ("<<: 1", "`<<`"),
    "undefined": ("a: *b", "x.yaml:1: not valid YAML"),
    "two": ("a: 1\n---\nb: 1", "not valid YAML"),
    "control": ("a: \x07", "not valid YAML"),
    "long": ("a: " + "x" * 300_000, "too many for a configuration"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_yaml_is_one_line_at_once(name):
    text, said = HOSTILE[name]
    started = time.process_time()
    with pytest.raises(UserError) as caught:
        print(loaded_yaml(text, "x.yaml"))
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500
    assert time.process_time() - started < 4


def test_dates_and_times_are_texts():
    text = "since: 2016-05-01\nat: 2001-12-14t21:59:43.10-05:00"
    assert loaded_yaml(text, "x") == {"since": "2016-05-01", "at": "2001-12-14t21:59:43.10-05:00"}


def test_anchors_of_few_values_are_read():
    text = "base: &base {epochs: 3, sizes: &sizes [1, 2]}\nnext:\n  <<: *base\n  epochs: 4\nagain: *sizes"
    assert loaded_yaml(text, "x") == yaml.safe_load(text)


def test_yaml_is_read_as_its_library_reads_it(rng):
    content = drawn_value(rng, 5, (32, 127))
    assert loaded_yaml(yaml.safe_dump(content), "x") == content


def test_damaged_yaml_is_a_line_or_a_value(rng):
    text = "a: &x [1, 2.5, {b: c}]\nd: *x\ne: !!str 5\n"
    for _ in range(100):
        damaged = list(text)
        for place in rng.integers(0, len(text), rng.integers(1, 5)):
            damaged[place] = str(rng.choice(list("&*!{}[]:,-?|>'\"#%@`\n\t 0x.\u0085")))
        try:
            loaded_yaml("".join(damaged), "x")
        except UserError as error:
            assert str(error).startswith("x")
