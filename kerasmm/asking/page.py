"""Search results as one self-contained page of pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from itertools import zip_longest
from typing import TYPE_CHECKING

from kerasmm.asking.answers import Answer, Found

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.asking.attention import Attention
    from kerasmm.asking.looks import Looks
    from kerasmm.serving.posts import StoredPost

_STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f6f4; --card: #ffffff; --line: #e4e4df; --text: #1d1f23; --soft: #6a6e76; --accent: #2257c9;
  --chip: #eef0f3; --hit: #dfe8fb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141517; --card: #1f2124; --line: #303338; --text: #eceef0; --soft: #9a9fa8; --accent: #8ab0ff;
    --chip: #2b2e33; --hit: #24365c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 1400px; padding: 2rem clamp(1rem, 4vw, 3rem); background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header { display: flex; gap: 1.25rem; align-items: center; flex-wrap: wrap; margin-bottom: 1.75rem; }
header img {
  width: 132px; height: 132px; object-fit: contain; border-radius: 12px; background: var(--chip); border: 1px solid var(--line);
}
h1 { font-size: 1.35rem; font-weight: 650; margin: 0 0 .35rem; overflow-wrap: anywhere; }
header p { margin: 0; color: var(--soft); }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 165px), 1fr)); }
li { background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; display: flex;
  flex-direction: column; }
figure { margin: 0; position: relative; background: var(--chip); display: grid; place-items: center; min-height: 4rem; }
/* Squares, with the whole picture in them: the texts of a row of cards begin at one height. */
.pictures figure { aspect-ratio: 1; min-width: 0; }
figure img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
.looks .pictures figure:only-child { grid-column: 1 / -1; aspect-ratio: var(--beside); }
figure span { color: var(--soft); font-size: .85rem; }
figure b { position: absolute; left: .5rem; top: .5rem; min-width: 1.7rem; padding: .05rem .45rem; border-radius: 999px;
  background: rgb(0 0 0 / .62); color: #fff; font-size: .8rem; font-weight: 600; text-align: center;
  box-shadow: 0 0 0 1px rgb(255 255 255 / .35); }
.looks { grid-template-columns: repeat(auto-fill, minmax(min(100%, calc(var(--beside) * 155px)), 1fr)); }
.looks .pictures { display: grid; grid-template-columns: repeat(var(--beside), 1fr); gap: 2px; background: var(--chip); }
.looks figure { align-content: center; }
figcaption { position: absolute; left: .4rem; bottom: .4rem; max-width: calc(100% - .8rem); padding: .02rem .4rem;
  border-radius: 999px; background: rgb(0 0 0 / .62); color: #fff; font-size: .74rem; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.scale { display: flex; align-items: center; gap: .5rem; margin-top: .5rem; font-size: .8rem; flex-wrap: wrap;
  font-variant-numeric: tabular-nums; }
.scale i { width: 9rem; height: .55rem; border-radius: 3px; }
.key { display: flex; flex-wrap: wrap; gap: .35rem .9rem; margin-top: .5rem; font-size: .78rem; color: var(--soft); }
.key > span { display: flex; align-items: center; gap: .35rem; }
.key .score { background: none; padding: 0; }
.key .score i { flex: none; width: 2.2rem; background: var(--line); }
section + section { margin-top: 2.5rem; }
.about { padding: .7rem .8rem .85rem; display: flex; flex-direction: column; gap: .5rem; min-width: 0; flex: 1; }
.score { display: flex; align-items: center; gap: .55rem; font-variant-numeric: tabular-nums; font-size: .82rem;
  color: var(--soft); }
.score i { flex: 1; height: 4px; border-radius: 4px; background: var(--chip); overflow: hidden; }
.score i::before { content: ""; display: block; height: 100%; width: var(--share); background: var(--accent); }
.text { margin: 0; font-size: .9rem; overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical;
  -webkit-line-clamp: 4; overflow: hidden; }
.chips { display: flex; flex-wrap: wrap; gap: .3rem; }
.chips span { background: var(--chip); border-radius: .8rem; padding: .08rem .55rem; font-size: .78rem;
  overflow-wrap: anywhere; }
.chips .hit { background: var(--hit); color: var(--accent); font-weight: 600; }
.chips .rest { background: none; color: var(--soft); padding-inline: .2rem; }
.chips .label { border: 1px solid var(--soft); }
.chips .label:not(.tag) { background: none; color: var(--soft); }
.id { color: var(--soft); font-size: .72rem; overflow-wrap: anywhere; margin-top: auto; }
"""

MOST_TAGS = 6
"""Tags of a post that are shown, and further labels; a film may have hundreds."""


SIDE = 264
"""Longer side of the picture that was asked and of heat maps, in pixels."""


BESIDE = 4
"""A photo and its heat maps that stand in a row; more begin another."""


def first_tags(tags: Sequence[str], words: Sequence[str], most: int = MOST_TAGS) -> tuple[list[str], int]:
    """The tags to show, those that were asked first, and how many are left out."""
    ordered = sorted(tags, key=lambda tag: tag not in words)
    return ordered[:most], max(len(tags) - most, 0)


def _picture(jpeg: bytes, name: str) -> str:
    data = base64.b64encode(jpeg).decode()
    return f'<img alt="{escape(name)}" src="data:image/jpeg;base64,{data}">'


def _card(found: Found, best: float, words: tuple[str, ...], maps: str) -> str:
    post = found.post
    picture = _picture(post.thumbnail, found.id) if post and post.thumbnail else "<span>no picture kept</span>"
    share = min(max(found.score / best, 0.0), 1.0) if best > 0 else 0.0
    parts = [
        f'<li><div class="pictures"><figure>{picture}<b>{found.rank}</b></figure>{maps}</div>',
        f'<div class="about"><div class="score"><i style="--share:{share:.0%}"></i>{found.score:.3f}</div>',
    ]
    if found.text:
        parts.append(f'<p class="text" dir="auto">{escape(found.text)}</p>')
    if post and (post.tags or post.labels):
        parts.append(f'<div class="chips">{"".join(_chips(post, words))}</div>')
    parts.append(f'<div class="id" dir="auto">{escape(found.id)}</div></div></li>')
    return "".join(parts)


def _chip(word: str, *classes: str) -> str:
    return f'<span class="{" ".join(classes)}" dir="auto">{escape(word)}</span>'


def _chips(post: StoredPost, words: Sequence[str]) -> list[str]:
    """Tags and then labels; a word that is both is one chip."""
    tags, rest = first_tags(post.tags, words)
    chips = [
        _chip(tag, "tag", *(["hit"] if tag in words else []), *(["label"] if tag in post.labels else []))
        for tag in tags
    ]
    chips += [f'<span class="rest">+{rest}</span>'] if rest else []
    labels, rest = first_tags([label for label in post.labels if label not in tags], words)
    chips += [_chip(label, "label", *(["hit"] if label in words else [])) for label in labels]
    return chips + ([f'<span class="rest">+{rest}</span>'] if rest else [])


def _key(answer: Answer) -> str:
    """What the bar and the chips of the cards mean, of those that there are."""
    posts = [found.post for found in answer.found if found.post]
    tags, labels = {tag for post in posts for tag in post.tags}, {label for post in posts for label in post.labels}
    said = []
    if any(found.score > 0 for found in answer.found):
        said.append('<span class="score"><i style="--share:60%"></i>score; the best one has a full bar</span>')
    said += [_chip("tag", "tag")] if tags else []
    said += [_chip("tag asked for", "tag", "hit")] if tags & set(answer.words) else []
    said += [_chip("label", "label")] if labels else []
    said += [_chip("tag and label", "tag", "label")] if tags & labels else []
    return f'<div class="key chips">{"".join(said)}</div>' if said else ""


def _maps(found: Found, attention: Sequence[Attention] | None, scale: tuple[float, float]) -> str:
    """A heat map a word, beside the photo."""
    from kerasmm.drawing.heat import overlaid, picture_pixels

    pixels = picture_pixels(found.post.thumbnail, SIDE) if attention and found.post and found.post.thumbnail else None
    if attention is None or pixels is None:
        return ""
    parts = []
    for one in attention:
        sure = "" if one.score is None else f"{one.score:.2f} "
        picture = _picture(_jpeg(overlaid(pixels, one.weights, scale)), f"where {one.word} looks in {found.id}")
        parts.append(f"<figure>{picture}<figcaption>{sure}{escape(one.word)}</figcaption></figure>")
    return "".join(parts)


def _jpeg(pixels: np.ndarray) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=85)
    return file.getvalue()


def _legend(scale: tuple[float, float]) -> str:
    from kerasmm.drawing.heat import palette

    stops = ", ".join(f"rgb({r:.0f} {g:.0f} {b:.0f})" for r, g, b in palette()[::51])
    low, high = scale
    return (
        f'<div class="scale">{low:.3f}<i style="background:linear-gradient(90deg, {stops})"></i>{high:.3f}'
        " and above<span>weight of a cell in a heat map; framed: the largest; before a word: its confidence</span></div>"
    )


def _section(answer: Answer, source: str, looks: Looks, scale: tuple[float, float] | None) -> str:
    from kerasmm.serving.posts import thumbnail

    best = max((found.score for found in answer.found), default=0.0)
    asked = thumbnail(answer.values["image"], SIDE) if "image" in answer.values else None
    query = _picture(asked, "the picture asked for") if asked else ""
    cards = "\n".join(
        _card(found, best, answer.words, _maps(found, attention, scale) if scale else "")
        for found, attention in zip_longest(answer.found, looks)
    )
    beside = min(1 + len(answer.words), BESIDE)
    kind = "sentence" if any(found.sentence is not None for found in answer.found) else "post"
    count = f"{len(answer.found)} {kind}{'' if len(answer.found) == 1 else 's'}"
    return f"""<section>
<header>{query}<div><h1 dir="auto">{escape(answer.title)}</h1><p>{count} from {escape(source)}, best first</p>{
        _key(answer)
    }{_legend(scale) if scale else ""}</div></header>
<ol{f' class="looks" style="--beside:{beside}"' if scale else ""}>
{cards}
</ol>
</section>"""


def results_page(answers: Sequence[Answer], source: str, looks: Sequence[Looks] = ()) -> str:
    """The page as HTML: no scripts, no links out; pictures inside, every word of a post escaped.

    Args:
        answers: To one question or several, one after the other.
        source: What answered, e.g. the export's folder.
        looks: For each answer where its words look; nothing for an export without attention.

    Returns:
        The text of one file.
    """
    from kerasmm.asking.looks import weight_range

    scale = weight_range(looks)
    sections = [_section(answer, source, some or [], scale) for answer, some in zip_longest(answers, looks)]
    title = escape(" · ".join(answer.title for answer in answers))
    body = "\n".join(sections)
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{_STYLE}</style>
{body}
</html>
"""
