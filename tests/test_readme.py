"""README's commands, run as they stand there, in an empty folder, on somebody's own posts; those of `docs/` are parsed."""

from __future__ import annotations

import configparser
import contextlib
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from kerasmm.console import guarded

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> list[str]:
    """Contents of the fenced blocks of some languages; of all where none is named."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE)
    return [content for language, content in fenced if not languages or language in languages]


def commands(page: Path) -> list[list[str]]:
    """The words of every command of ours: in blocks, and whole ones inside a sentence."""
    prose = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    inside = [" ".join(found.split()) for found in re.findall(r"`(python [^`…]+)`", prose)]
    lines = "\n".join(blocks(page)).replace("\\\n", " ").splitlines()
    found = [line.strip().removeprefix("$ ") for line in lines + inside]
    ours = re.compile(r"python -m (kerasmm|data_prep)\b|kerasmm [a-z-]|python benchmarks/")
    return [shlex.split(line, comments=True) for line in found if ours.match(line)]


def all_commands() -> list[tuple[str, list[str]]]:
    found = {(name_of(page), shlex.join(words)): words for page in PAGES for words in commands(page)}
    return [(page, words) for (page, _), words in found.items()]


# === What README shows leads from posts to an answer ===


def own_posts(folder: Path, count: int, example: dict) -> None:
    """Posts shaped like README's example: photos are noise, brighter where there is snow."""
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir(parents=True)
    with (folder / "posts.jsonl").open("w", encoding="utf-8") as file:
        for number in range(count):
            dog, snow = rng.random(2) < 0.5
            pixels = rng.integers(0, 120, (96, 128, 3)) + (120 if snow else 0)
            picture = example["image"].replace("7", str(number))
            PIL.Image.fromarray(pixels.astype("uint8")).save(folder / picture)
            tags = [*(["Dog"] if dog else []), *(["snow"] if snow else []), "walk"]
            labels = ["animal"] if dog else ["landscape"]
            post = {
                **example,
                "id": str(number),
                "image": picture,
                "tags": tags,
                "labels": labels,
                "text": f"{number}!",
            }
            file.write(json.dumps(post) + "\n")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The folder in which README's commands were typed, one after another."""
    folder = tmp_path_factory.mktemp("readme")
    typed = [words for words in commands(README) if words[:2] == ["python", "-m"] and len(words) > 3]
    assert [words[2] for words in typed] == [
        "data_prep",
        "data_prep",
        "data_prep",
        *(f"kerasmm.{name}" for name in ("fit", "evaluate", "export", "search", "search", "attend", "label")),
    ]
    own_posts(folder / "my_posts", 120, json.loads(blocks(README, "json")[0]))
    in_own_process(folder, typed[0])
    with contextlib.chdir(folder):
        for words in typed[1:-1]:
            assert called(words) == 0, shlex.join(words)
    in_own_process(folder, typed[-1])
    return folder


def in_own_process(folder: Path, words: list[str]) -> None:
    """Types a command as a stranger does: the first, and the last, which sees nothing but what the others left behind."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stderr[-3000:]}"


def called(words: list[str]) -> int:
    """The same command in this process, which has TensorFlow already."""
    name = "data_prep.__main__" if words[2] == "data_prep" else words[2]
    return guarded(importlib.import_module(name).main, words[3:])


@pytest.mark.slow
def test_the_commands_lead_from_own_posts_to_an_answer(world):
    figures = json.loads((world / "figures.json").read_text())
    assert figures == json.loads((world / "runs" / "mine" / "evaluation.json").read_text())
    assert {"classification/mAP", "search/chance/p@10" if "search/p@10" in figures else "tag_search/p@10"} <= set(
        figures
    )
    assert "data:image/jpeg;base64" in (world / "found.html").read_text()
    for drawn in ("sheet.png", "look.png"):
        with PIL.Image.open(world / drawn) as picture:
            assert min(picture.size) > 300
    assert (world / "runs" / "mine" / "MODEL_CARD.md").exists()
    # fit exports the first version, the export command the second, both under the run's name.
    assert sorted(path.parent.name for path in world.glob("saved_models/*/*/saved_model.pb")) == ["1", "2"]
    assert [path.name for path in (world / "saved_models").iterdir()] == ["mine"]


@pytest.fixture(scope="module")
def of_users(world):
    """An export that knows users, of a model that nobody trained, and its command's file of users."""
    from kerasmm.models import begin_second_stage
    from kerasmm.serving.export import export
    from tests.systems.hashtag.world import made

    hashtag, dataset = made(world / "data" / "mine")
    model = hashtag.build()
    begin_second_stage(model)
    folder = world / "saved_models" / "hashtag"
    export(hashtag, model, dataset, folder, splits=["test"], quiet=True)
    words = "python -m kerasmm.users --model saved_models/hashtag --fit my_posts/posts.jsonl --output users.npz --quiet"
    with contextlib.chdir(world):
        assert called(shlex.split(words)) == 0
    yield
    shutil.rmtree(folder)


PYTHON = [(page, block) for page in PAGES for block in blocks(page, "python")]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "block"), PYTHON, ids=[f"{name_of(page)}" for page, _ in PYTHON])
def test_the_python_runs(page, block, world, monkeypatch, request):
    if "saved_models/hashtag" in block:
        request.getfixturevalue("of_users")
    monkeypatch.chdir(world)
    exec(compile(block, name_of(page), "exec"), {})


# === Every other command is one that there is ===


def checked_build(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs `data_prep` up to where it would read posts; what it would do must be known and configured rightly."""
    import data_prep.build
    import data_prep.inspect.inspect
    from data_prep.__main__ import main
    from data_prep.work.runner import beam_options

    asked = []
    monkeypatch.setattr(data_prep.build, "build", lambda *a, **named: asked.append(named["beam_options"]) or NoPosts())
    monkeypatch.setattr("data_prep.vocabulary.given.Dataset", OldPosts)
    monkeypatch.setattr(data_prep.inspect.inspect, "inspect", lambda *a, **named: asked.append([]))
    assert main(arguments) == 0
    for options in asked:
        if options:
            beam_options(options)
    assert asked or arguments[0] in ("sources", "features") or "--list-settings" in arguments


class NoPosts:
    """The manifest of a build that didn't take place."""

    splits: dict = {}
    dropped: dict = {}
    fields: dict = {}
    statistics: dict = {}


class OldPosts:
    """The data set whose words a command takes, which isn't there."""

    def __init__(self, folder):
        self.manifest = self
        self.config: dict = {}


def checked_command(name: str, arguments: list[str]) -> None:
    """Parses a command of kerasmm, and makes the configuration that it asks for."""
    from kerasmm.named_configs import find_config
    from kerasmm.systems import system
    from kerasmm.systems.config import load_config

    parsed = importlib.import_module(f"kerasmm.{name}").parser().parse_args(arguments)
    if not hasattr(parsed, "set"):
        return
    kind = system(parsed.model)
    shared, of_rows = [], {}
    for change in parsed.set:
        row, colon, own = change.partition(":")
        if name == "compare" and colon and "=" not in row:
            assert row in kind.variants, change
            of_rows.setdefault(row, [f"{key}={json.dumps(value)}" for key, value in kind.variants[row].items()]).append(
                own
            )
        else:
            shared.append(change)
    for own in ([], *of_rows.values()):
        load_config(kind.Config, find_config(parsed.model, parsed.config), [*shared, *own])


@pytest.mark.parametrize(
    ("page", "words"), all_commands(), ids=[f"{page}: {shlex.join(words)[:90]}" for page, words in all_commands()]
)
def test_every_command_parses(page, words, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    if words[1].startswith("benchmarks/"):
        help_ = subprocess.run([sys.executable, words[1], "--help"], capture_output=True, text=True, timeout=120)
        assert help_.returncode == 0, help_.stderr
        assert [word for word in words[2:] if word.startswith("--") and word not in help_.stdout] == []
        return
    program, arguments = (words[0], words[1:]) if words[0] == "kerasmm" else (words[2], words[3:])
    if program == "data_prep":
        checked_build(arguments, monkeypatch)
        return
    name = program.removeprefix("kerasmm").removeprefix(".")
    if not name:
        name, arguments = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name.startswith("-") or not name:
        from kerasmm.__main__ import main

        assert main([name, *arguments] if name else []) == 0
        return
    checked_command(name, arguments)


# === Names and links ===


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=name_of)
def test_names_what_is_there(page):
    for path in re.findall(r"`((?:configs|tests|benchmarks|data_prep|kerasmm|docs)/[\w/.]+)`", text_of(page)):
        assert (ROOT / path).exists(), path


def anchors(page: Path) -> set[str]:
    """As the sites that show Markdown make them of headings."""
    prose = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=name_of)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_extras_are_there(page):
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    for extra in re.findall(r"pip install .*?\[(\w+)\]", text_of(page)):
        assert extra in setup["options.extras_require"], extra


def test_every_page_is_linked_from_readme():
    linked = set(re.findall(r"\]\((docs/\w+\.md)", text_of(README)))
    assert linked == {name_of(page) for page in PAGES} - {"README.md"}
