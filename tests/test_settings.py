"""Settings: files, assignments, layers, checks."""

from typing import Literal

import pytest
from pydantic import Field, model_validator

from kerasmm.console import UserError
from kerasmm.settings import Section, assigned, merged, read_yaml, validated


class Oven(Section):
    heat: int = Field(default=180, ge=0, lt=300)
    fan: bool = False


class Size(Section):
    rows: int


class Cake(Section):
    oven: Oven = Oven()
    size: Size | None = None
    kind: Literal["apple", "plum"] = "apple"

    @model_validator(mode="after")
    def _plums_are_baked_gently(self):
        if self.kind == "plum" and self.oven.heat > 200:
            raise ValueError("`kind: plum` wants `oven.heat` up to 200")
        return self


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"oven": {"heet": 1}}, "file: unknown key `oven.heet`. Did you mean 'oven.heat'?"),
        ({"ofen": 1}, "file: unknown key `ofen`. Did you mean 'oven'?"),
        ({"heat": 1}, "file: unknown key `heat`. Did you mean 'oven.heat'?"),
        ({"size": {"row": 1}}, "file: unknown key `size.row`. Did you mean 'size.rows'?"),
        ({"oven": {"zzz": 1}}, "file: unknown key `oven.zzz`."),
        ({"oven": 7}, "file: `oven`: must be a mapping with keys of heat, fan. Received: 7"),
        ({"size": [3]}, "file: `size`: must be a mapping with keys of rows. Received: [3]"),
        ({"kind": "plum", "oven": {"heat": 201}}, "file: `kind: plum` wants `oven.heat` up to 200. Received: {"),
        ({"oven": {"heat": 300}}, "file: `oven.heat`: Input should be less than 300. Received: 300"),
    ],
)
def test_a_wrong_key_or_value_is_named(content, said):
    with pytest.raises(UserError) as error:
        validated(Cake, content, "file")
    assert str(error.value).startswith(said)


def test_what_came_is_shown_shortened():
    with pytest.raises(UserError) as error:
        validated(Cake, {"kind": "pear" * 99})
    received = str(error.value).rpartition("Received: ")[2]
    assert received.startswith("'pearpear") and len(received) == 80 and received.endswith("...")


def test_later_layers_win_key_by_key():
    layers = ({"split": {"test": 0.3, "seed": 1}, "needs": ["image"]}, {"split": {"test": 0.1}}, {"needs": []})
    assert merged(*layers) == {"split": {"test": 0.1, "seed": 1}, "needs": []}


@pytest.mark.parametrize(
    ("assignment", "content"),
    [
        ("split.test=0.1", {"split": {"test": 0.1}}),
        ("needs=[image, labels]", {"needs": ["image", "labels"]}),
        ("features.encoder=null", {"features": {"encoder": None}}),
        ("image.required=false", {"image": {"required": False}}),
    ],
)
def test_an_assignment_is_read_as_yaml(assignment, content):
    assert assigned(assignment) == content


@pytest.mark.parametrize("assignment", ["seed", "=3", "split.=1", ".test=1", "needs=[image", ""])
def test_no_assignment(assignment):
    with pytest.raises(UserError, match="--set"):
        assigned(assignment)


def test_files(tmp_path):
    path = tmp_path / "config.yaml"
    with pytest.raises(UserError, match="no such configuration file"):
        read_yaml(path)
    for content, message in (
        ("a: [", "not valid YAML"),
        ("- 1", "expected a mapping"),
        ("!!python/name:os.system", "YAML"),
    ):
        path.write_text(content)
        with pytest.raises(UserError, match=message):
            read_yaml(path)
    path.write_text("tags: {most: 5}\n")
    assert read_yaml(path) == {"tags": {"most": 5}}
    path.write_text("")
    assert read_yaml(path) == {}
