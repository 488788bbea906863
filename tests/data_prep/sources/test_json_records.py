"""Against Python's own reader on whole files, and by hand on broken ones."""

import json
import tracemalloc

import pytest

from data_prep.sources import json_records
from data_prep.sources.json_records import MAX_ITEM, records
from kerasmm.console import UserError


def write(folder, content):
    (folder / "x.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / "x.json"


def values(rng, depth=0):
    kind = rng.integers(7 if depth < 3 else 5)
    if kind == 5:
        return [values(rng, depth + 1) for _ in range(rng.integers(4))]
    if kind == 6:
        return {f"k{number}": values(rng, depth + 1) for number in range(rng.integers(4))}
    text = "".join(rng.choice(list('ab"\\ {}[],:é😀\n'), rng.integers(9)).tolist())
    return [text, int(rng.integers(-(10**12), 10**12)), float(rng.normal()), None, True][kind]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("block", [1, 2, 7, 64, 1 << 20])
def test_reads_what_json_reads_wherever_blocks_end(tmp_path, monkeypatch, rng, block, ascii_only, indent):
    monkeypatch.setattr(json_records, "_BLOCK", block)
    for _ in range(10):
        content = {"info": values(rng), "a": [values(rng) for _ in range(6)], "z": [1, 23], "b": [values(rng)], "n": 12}
        path = write(tmp_path, json.dumps(content, ensure_ascii=ascii_only, indent=indent))
        wanted = [("a", item) for item in content["a"]] + [("b", item) for item in content["b"]]
        assert list(records(path, "a", "b")) == wanted
        assert list(records(path, "b")) == [("b", item) for item in content["b"]]


def test_empty_lists_and_a_byte_order_mark(tmp_path):
    assert list(records(write(tmp_path, '\ufeff {"a": [ ], "b":[]}\n'), "a", "b")) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"character 1 \(expected {\)"),
        ("[1]", r"character 1 \(expected {\)"),
        ("version https://git-lfs", r"character 1 \(expected {\)"),
        ('{"a": [1, 2', r"character 12 \(expected \]\)"),
        ('{"a": [{"x": 1}, {"x": ', r"character 2[34] \(Expecting value\)"),
        ('{"a": [1,, 2]}', r"character 10 \(Expecting value\)"),
        ('{"a": [1, ]}', r"character 11 \(a comma too many\)"),
        ('{"a": [1 2]}', r"character 10 \(expected \]\)"),
        ('{"a": [1],}', r"character 11 \(a comma too many\)"),
        ('{"a": [1]} x', r"character 12 \(expected the end\)"),
        ('{"a" [1]}', r"character 6 \(expected :\)"),
        ("{[]: [1]}", r"character 2 \(expected a key in double quotes\)"),
        ('{"a": ["x\ny"]}', r"character 10 \(Invalid control character at\)"),
        (b'{"a": ["\xff"]}', "not valid UTF-8"),
        (b'{"a": ["\xe9', "not valid UTF-8"),
        ('{"a": [' + "[" * 100_000, "nested too deep"),
        ('{"a": [' + "9" * 5000 + "]}", "Exceeds the limit"),
        ("{}", 'has no list `a`; expected {"a": …, "b": …}'.replace("…", r"\[…\]").replace("{", r"\{")),
        ('{"a": {"x": 1}, "b": []}', "has no list `a`"),
        ('{"a": [1]}', "has no list `b`"),
    ],
)
def test_says_where_a_file_is_broken(tmp_path, content, message):
    with pytest.raises(UserError, match=rf"^{tmp_path}/x\.json: .*{message}"):
        list(records(write(tmp_path, content), "a", "b"))


@pytest.mark.parametrize("before", ['"a": [', '"info": '])
def test_a_value_without_end_is_not_held(tmp_path, before):
    path = write(tmp_path, "{" + before + '"' + "x" * (20 * MAX_ITEM))
    tracemalloc.start()
    with pytest.raises(UserError, match="or an item longer than 1048576 characters"):
        list(records(path, "a"))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 8 * MAX_ITEM


def test_memory_does_not_grow_with_the_file(tmp_path):
    item = json.dumps({"x": "y" * 1000})
    path = write(tmp_path, '{"skipped": [' + ",".join([item] * 20_000) + '], "a": [' + ",".join([item] * 20_000) + "]}")
    tracemalloc.start()
    assert sum(1 for _ in records(path, "a")) == 20_000
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 12 * MAX_ITEM < path.stat().st_size / 3
