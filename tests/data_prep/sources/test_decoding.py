"""Short texts of unknown encoding come out as they went in."""

import time

import pytest

from data_prep.sources.decoding import DAMAGED, decoded, encoding_of
from data_prep.sources.tweets import Tweets
from tests.data_prep.sources.command import read
from tests.data_prep.sources.test_tweets import make

CHINESE = [
    "RT @x: snow 😀 it’s cold… #winter", "price €5 “ok” #x", "I love 雪 ❤ #雪", "it’s", "“ok”", "雪", "今天天气真好",
    "can’t wait… #excited", "café in 上海", "Привет мир", "こんにちは world", "25℃ today", "great — day", "愛",
]  # fmt: skip
WESTERN = [
    "it’s", "café", "touché", "we’ll see—maybe…", "“ok”", "¿Dónde está? ¡Ánimo España!", "A informação não está às dez",
    "Größe der Straße, schöne Grüße", "Hyvää päivää, öö", "L’été à Nîmes « déjà vu »", "NOËL CRÉÉ", "£5 or €6, 25°C", "100% · 50½",
    "© 2014 Brand™", "Í dag er góður dagur",
]  # fmt: skip
ACCENTED = [
    "déjà",
    "été",
    "où",
    "garçon",
    "leçon",
    "naïve",
    "hôtel",
    "niño",
    "mañana",
    "también",
    "corazón",
    "señor",
    "schön",
    "für",
    "Mädchen",
    "müde",
    "Größe",
    "São",
    "coração",
]
FEW_LETTERS = [
    "½ price today! #sale", "The α male", "10 Ω resistor", "¼ lb burger", "¾ done", "β version out now", "Я here", "Σ", "α+β",
    "и", "ο", "η", "Բարև", "үй", "µ", "я тут", "Ş", "ש", "é", "n° 5", "á", "Ü", "ß?", "10Ω", "§ 5", "Δt", "əla", "cafe\u0301 de\u0301ja\u0300",
]  # fmt: skip
PLAIN = ["snow", "rain", "coffee", "morning", "school", "party", "happy", "winter"]
# The 3,755 frequent characters of GB 2312; its last row of them is not full.
FREQUENT = [bytes([row, cell]).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF)]


@pytest.mark.parametrize("text", CHINESE)
def test_chinese_bytes(text):
    assert decoded(text.encode("gb18030")) == (text, "gb18030")


@pytest.mark.parametrize("text", WESTERN)
def test_western_bytes(text):
    assert decoded(text.encode("cp1252")) == (text, "windows-1252")


@pytest.mark.parametrize(
    "text", [*CHINESE, *WESTERN, *FEW_LETTERS, "", "plain", "öö ää", "m² ʕ•ᴥ•ʔ", "Ελλάδα שלום мир"]
)
def test_unicode_bytes(text):
    assert decoded(text.encode()) == (text, "utf-8")
    assert decoded(text.encode("utf-8-sig")) == (text, "utf-8")
    assert decoded(text.encode("utf-16")) == (text, "utf-16")


def test_random_tweets(rng):
    """Accented words among plain ones, and Chinese words of two characters, which no Western text spells."""
    for _ in range(50):
        western = " ".join(rng.permutation([rng.choice(ACCENTED), rng.choice(ACCENTED), *rng.choice(PLAIN, 3)]))
        chinese = (
            f"{rng.choice(PLAIN)}, {''.join(rng.choice(FREQUENT, 4))} it’s {rng.choice(PLAIN)}… #{rng.choice(FREQUENT)}"
        )
        for text, encoding in ((western, "windows-1252"), (chinese, "gb18030")):
            assert decoded(text.encode(encoding)) == (text, encoding)
            assert decoded(text.encode()) == (text, "utf-8")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("日本語 日本語".encode()[:-1], f"日本語 日本{DAMAGED}"),
        ("今天天气真好".encode("gbk")[:-1], f"今天天气真{DAMAGED}"),
        # The euro of GBK, which Python's codec doesn't know.
        (b"price \x805 \xa1\xb0ok\xa1\xb1", "price €5 “ok”"),
    ],
)
def test_what_else_tweets_hold(content, text):
    assert decoded(content).text == text


@pytest.mark.parametrize(
    "content", [b"\x81\x8d\x8f", b"a\0b", "tweet".encode("utf-16-le"), b"\xef\xbb\xbf\xff", b"\x81 caf\xe9"]
)
def test_no_text(content):
    assert decoded(content) is None


def test_a_broken_line_does_not_decide_for_a_file(tmp_path):
    path = tmp_path / "file"
    for content, encoding in (("Amélie\n" * 9, "utf-8"), ("Amélie\n" * 9, "windows-1252"), ("天使爱美丽\n", "gb18030")):
        path.write_bytes(content.encode(encoding) + b"plain\n")
        assert encoding_of(path) == encoding
    path.write_bytes("Amélie\n".encode() * 9 + b"Am\xe9lie\n")
    assert encoding_of(path) == "utf-8"
    path.write_bytes(b"Amelie")
    assert encoding_of(path) == "utf-8"


def test_what_was_decided_is_counted(tmp_path):
    texts = {"1": "it’s".encode("cp1252"), "2": "it’s".encode("gb18030"), "3": "it’s".encode(), "4": b"plain"}
    source = Tweets(make(tmp_path / "in", texts, labels=None), None, tmp_path)
    drafts, rejects = read(source)
    assert not rejects
    assert [drafts[guid].post.text for guid in "1234"] == ["it’s", "it’s", "it’s", "plain"]
    assert source.reading.to_json() == {"encodings": {"windows-1252": 1, "gb18030": 1, "utf-8": 2}}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "gb18030"])
def test_a_long_text_is_judged_by_its_head(encoding):
    sentence = "今天天气真好, it’s snow… " if encoding == "gb18030" else "un café, s’il vous plaît; "
    text = "plain " * 9999 + sentence * 20_000
    begun = time.process_time()
    assert decoded(text.encode(encoding)) == (text, {"cp1252": "windows-1252"}.get(encoding, encoding))
    assert time.process_time() - begun < 5
