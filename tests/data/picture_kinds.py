"""More than a hundred kinds of picture files, tiny ones, and what a viewer shows of them."""

import io
import itertools
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 16, 24


class Kind(NamedTuple):
    """A file, whether it is a picture, and its pixels where they are known without the decoder."""

    content: bytes
    good: bool = True
    pixels: Any = None
    served: bool = True


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def smooth(rng, height=HEIGHT, width=WIDTH):
    small = rng.integers(40, 216, (2, 3, 3), dtype="uint8")
    return Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR)


def on_white(picture):
    layer = picture.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB"))


def most_apart(content):
    """What a picture in whole blocks may have lost, as the root of the mean square: nothing but in JPEG.

    There each coefficient is at most half a step of its table off, brightness and colours apart, which the transform
    keeps as it is; blue has 1.772 of its colour. Numbers are rounded three times on the way there and back.
    """
    tables = getattr(Image.open(io.BytesIO(content)), "quantization", None)
    if not tables:
        return 0
    brightness, colour = (np.sqrt(np.mean(np.square(tables[place]))) / 2 for place in (0, 1))
    return brightness + 1.772 * colour + 2.5


# === PNG by hand: Pillow writes neither few bits with a transparent colour nor Adam7 ===


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, colours, samples, *extra, interlaced=False, behind=()):
    """Of samples `(h, w, channels)`; `extra` chunks stand before the pixels."""
    height, width = samples.shape[:2]
    lines = _lines(depth, samples, interlaced)
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, int(interlaced))
    parts = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(lines)), *behind, chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _lines(depth, samples, interlaced):
    adam7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    passes = [samples[y::dy, x::dx] for y, x, dy, dx in adam7] if interlaced else [samples]
    return b"".join(b"\0" + _line(depth, line) for part in passes if part.size for line in part)


def _line(depth, line):
    bits = "".join(format(int(value), f"0{depth}b") for value in line.ravel())
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def grey(rng, depth, clear):
    """Grey of `depth` bits, one level of it transparent, and what is shown."""
    samples = rng.integers(0, 2**depth, (HEIGHT, WIDTH, 1))
    level = int(samples[3, 4, 0])
    shown = samples * 255 // (2**depth - 1) if depth < 8 else samples >> (depth - 8)
    if clear:
        shown = np.where(samples == level, 255, shown)
    trns = [chunk(b"tRNS", struct.pack(">H", level))] if clear else []
    return Kind(png(depth, 0, samples, *trns), pixels=np.repeat(shown, 3, axis=2))


def palette(rng, depth, clear):
    colours = rng.integers(0, 256, (2**depth, 3))
    samples = rng.integers(0, 2**depth, (HEIGHT, WIDTH, 1))
    shown = colours[samples[..., 0]]
    chunks = [chunk(b"PLTE", colours.astype("uint8").tobytes())]
    if clear:
        alpha = rng.integers(0, 256, 2 ** (depth - 1))
        chunks.append(chunk(b"tRNS", alpha.astype("uint8").tobytes()))
        whole = np.concatenate([alpha, np.full(2**depth - len(alpha), 255)])[samples[..., 0]][..., None]
        shown = (shown * whole + 255 * (255 - whole) + 127) // 255
    return Kind(png(depth, 3, samples, *chunks), pixels=shown)


def colour16():
    """The issue's own: a picture of one colour, which is the transparent one; and another that is not."""
    own = np.broadcast_to([1000, 2000, 3000], (HEIGHT, WIDTH, 3))
    trns = chunk(b"tRNS", struct.pack(">HHH", 1000, 2000, 3000))
    near = own + np.array([1, 0, 0])
    yield "png rgb16, all transparent", Kind(png(16, 2, own, trns), pixels=np.full((HEIGHT, WIDTH, 3), 255))
    yield "png rgb16, transparent but for a bit", Kind(png(16, 2, near, trns), pixels=near >> 8)


# === EXIF ===


def exif(value=6, order="<", tag=0x0112, kind=3, count=1, first=8):
    """A directory of two entries from the byte order on, the second of them the orientation."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", first) + b"\0" * (first - 8)
    width = struct.pack(f"{order}HHIHH", 0x0100, 3, 1, 24, 0)
    field = struct.pack(f"{order}HHIHH", tag, kind, count, value, 0)
    return head + struct.pack(f"{order}H", 2) + width + field + struct.pack(f"{order}I", 0)


def with_app1(jpeg, segment):
    """The segment in its place: behind JFIF's."""
    at = 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:at] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[at:]


def broken_exif():
    """EXIF from the byte order on that says nothing."""
    good = exif()
    return {
        "empty": b"",
        "byte order only": b"II*\0",
        "repr of bytes": b"b'Exif",
        "other byte order": b"IM*\0" + good[4:],
        "directory elsewhere": good[:4] + b"\xff\xff\xff\x7f" + good[8:],
        "cut off": good[: 8 + 2 + 12 + 6],
        "of 65535 entries": good[:8] + b"\xff\xff" + good[10:],
        "orientation 0": exif(0),
        "orientation 9": exif(9),
        "a LONG": exif(kind=4),
        "two SHORTs": exif(count=2),
        "another tag": exif(tag=0x0113),
    }


def turned(pixels, value):
    """What EXIF says, corner by corner: where the rows and columns of the file lie in what is shown."""
    views = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.transpose(1, 0, 2),
        6: pixels[::-1].transpose(1, 0, 2),
        7: pixels[::-1, ::-1].transpose(1, 0, 2),
        8: pixels[:, ::-1].transpose(1, 0, 2),
    }
    return views[value]


# === All ===


def kinds(rng):
    """Name → `Kind`."""
    return dict(
        itertools.chain(
            _jpegs(rng), _pngs(rng), colour16(), _gifs(rng), _bmps(rng), _webps(rng), _turned(rng), _bad(rng)
        )
    )


def _jpegs(rng):
    photo = smooth(rng)
    ways = {
        "jpeg": {},
        "jpeg progressive": {"progressive": True},
        "jpeg 4:4:4": {"subsampling": 0},
        "jpeg 4:2:2": {"subsampling": 1},
        "jpeg of quality 5": {"quality": 5},
        "jpeg with restarts": {"restart_marker_blocks": 2},
        "jpeg with a comment": {"comment": b"x" * 300},
        "jpeg with an icc profile": {"icc_profile": bytes(rng.bytes(200_000))},
    }
    for name, options in ways.items():
        yield name, Kind(saved(photo, "JPEG", **options))
    yield "jpeg grey", Kind(saved(photo.convert("L"), "JPEG"))
    yield "jpeg cmyk", Kind(saved(photo.convert("CMYK"), "JPEG", quality=95))
    plain = saved(photo, "JPEG", dpi=(72, 72))
    yield "jpeg and junk behind", Kind(plain + rng.bytes(100))
    yield "jpeg with broken dpi", Kind(with_app1(plain, b"Exif\0\0II*\0"))
    yield "jpeg with a repr", Kind(with_app1(plain, b"Exif\0\0b'Exif"))
    yield "jpeg with xmp", Kind(with_app1(plain, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"))


def _pngs(rng):
    for depth, clear in itertools.product((1, 2, 4, 8, 16), (False, True)):
        yield f"png grey{depth}{' transparent' * clear}", grey(rng, depth, clear)
        if depth <= 8:
            yield f"png palette{depth}{' transparent' * clear}", palette(rng, depth, clear)
    pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 4))
    opaque = pixels[..., :3]
    yield "png rgb8", Kind(png(8, 2, opaque), pixels=opaque)
    yield "png rgb16", Kind(png(16, 2, opaque * 257), pixels=opaque)
    yield "png adam7", Kind(png(8, 2, opaque, interlaced=True), pixels=opaque)
    for name, depth, colours, samples in (
        ("rgba8", 8, 6, pixels),
        ("rgba16", 16, 6, pixels * 257),
        ("grey and alpha", 8, 4, pixels[..., 2:]),
    ):
        eight = samples >> (depth - 8)
        alpha = eight[..., -1:]
        shown = (eight[..., :-1] * alpha + 255 * (255 - alpha) + 127) // 255
        yield f"png {name}", Kind(png(depth, colours, samples), pixels=np.broadcast_to(shown, (HEIGHT, WIDTH, 3)))
    large = zlib.compress(bytes(2 << 20))
    for name, extra in {
        "2 MiB of text": chunk(b"zTXt", b"Comment\0\0" + large),
        "2 MiB of profile": chunk(b"iCCP", b"icc\0\0" + large),
        "2 MiB of international text": chunk(b"iTXt", b"a\0\1\0\0\0" + large),
        "broken profile": chunk(b"iCCP", b"icc\0\0junk"),
        "broken exif": chunk(b"eXIf", bytes.fromhex("0008000201120003")),
        "wrong sum of text": chunk(b"tEXt", b"a\0b")[:-1] + b"\0",
        "frames": chunk(b"acTL", struct.pack(">II", 2, 0)),
    }.items():
        yield f"png with {name}", Kind(png(8, 2, opaque, extra), pixels=opaque)
    behind = [chunk(b"zTXt", b"Comment\0\0" + large)]
    yield "png with 2 MiB of text behind", Kind(png(8, 2, opaque, behind=behind), pixels=opaque)
    yield "png and junk behind", Kind(png(8, 2, opaque) + rng.bytes(99), pixels=opaque)


def _gifs(rng):
    few = smooth(rng).quantize(13)
    shown = np.asarray(few.convert("RGB"))
    yield "gif", Kind(saved(few, "GIF"), pixels=shown)
    yield "gif interlaced", Kind(saved(few, "GIF", interlace=1), pixels=shown)
    clear = saved(few, "GIF", transparency=3)
    yield "gif transparent", Kind(clear, pixels=on_white(Image.open(io.BytesIO(clear))))
    frames = saved(few, "GIF", save_all=True, append_images=[smooth(rng).quantize(9) for _ in range(3)], comment=b"so")
    yield "gif of four frames", Kind(frames, pixels=np.asarray(Image.open(io.BytesIO(frames)).convert("RGB")))
    yield "gif of a broken second frame", Kind(frames[: 2 * len(frames) // 3], pixels=shown)
    # A frame of 8 x 4 at (5, 3) of the screen.
    small = saved(few.crop((0, 0, 8, 4)), "GIF")
    place = small.index(b",\0\0\0\0")
    moved = small[:6] + struct.pack("<HH", WIDTH, HEIGHT) + small[10:place] + b",\5\0\3\0" + small[place + 5 :]
    white = np.full((HEIGHT, WIDTH, 3), 255, "uint8")
    white[3:7, 5:13] = shown[:4, :8]
    yield "gif of a small frame", Kind(moved, pixels=white)


def _bmps(rng):
    photo = smooth(rng)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        picture = photo.quantize(20) if mode == "P" else photo.convert(mode)
        yield f"bmp {mode}", Kind(saved(picture, "BMP"), pixels=np.asarray(picture.convert("RGB")))
    pixels = np.asarray(photo)[:, :, ::-1]
    upside = bytearray(saved(photo, "BMP")[:54] + pixels.tobytes())
    upside[22:26] = struct.pack("<i", -HEIGHT)
    yield "bmp from the top", Kind(bytes(upside), pixels=np.asarray(photo))
    for name, compression, masks in (("555", 0, b""), ("565", 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F))):
        header = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 16, compression, 0, 0, 0, 0, 0) + masks
        head = b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(header)) + header
        content = head + rng.integers(0, 65536, HEIGHT * WIDTH, dtype="uint16").tobytes()
        yield f"bmp {name}", Kind(content, pixels=np.asarray(Image.open(io.BytesIO(content)).convert("RGB")))


def _webps(rng):
    photo = smooth(rng)
    yield "webp", Kind(saved(photo, "WEBP"), served=False)
    yield "webp lossless", Kind(saved(photo, "WEBP", lossless=True), served=False)
    layer = photo.convert("RGBA")
    layer.putalpha(smooth(rng).convert("L"))
    yield "webp transparent", Kind(saved(layer, "WEBP", lossless=True), served=False)
    frames = saved(photo, "WEBP", save_all=True, append_images=[smooth(rng)])
    yield "webp of two frames", Kind(frames, served=False)
    yield "webp with exif", Kind(saved(photo, "WEBP", exif=b"Exif\0\0" + exif(6)), served=False)


def _turned(rng):
    pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 3))
    jpeg = saved(smooth(rng), "JPEG")
    for value in range(1, 9):
        order = "<>"[value % 2]
        yield f"jpeg of orientation {value}", Kind(with_app1(jpeg, b"Exif\0\0" + exif(value, order)))
        content = png(8, 2, pixels, chunk(b"eXIf", exif(value, order)))
        yield f"png of orientation {value}", Kind(content, pixels=turned(pixels, value))
    for name, broken in broken_exif().items():
        yield f"jpeg with exif: {name}", Kind(with_app1(jpeg, b"Exif\0\0" + broken))


def _bad(rng):
    photo = smooth(rng)
    whole = {form: saved(photo, form) for form in ("JPEG", "PNG", "GIF", "BMP", "WEBP")}
    for form, content in whole.items():
        yield f"half a {form.lower()}", Kind(content[: len(content) // 2], good=False)
        yield f"head of a {form.lower()}", Kind(content[:20], good=False)
    samples = rng.integers(0, 256, (HEIGHT, WIDTH, 3))
    flipped = bytearray(png(8, 2, samples))
    flipped[60] ^= 0xFF
    yield "png with a flipped byte", Kind(bytes(flipped), good=False)
    yield "png of no palette", Kind(png(8, 3, samples[..., :1]), good=False)
    large = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", large)
    yield "png of 2,500 megapixels", Kind(head + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b""), good=False)
    yield "text", Kind(b"this is no picture", good=False)
    yield "tiff", Kind(saved(photo, "TIFF"), good=False)
