"""Small folders in MVSA's layouts, and the real tweets beside the project."""

import os
from collections import Counter
from pathlib import Path

import pytest

from data_prep.sources.tweets import Tweets
from kerasmm.console import UserError
from tests.data_prep.sources.command import build, posts_of, read
from tests.data_prep.world import picture_bytes

TWEETS = {"1": b"Leg day #gym #Gym #gym", "2": b"@userab rain, again", "10": b"so #happy\n"}
LABELS = "guid,tag\n2,negative\n10,positive\n"


def make(folder, tweets=TWEETS, labels=LABELS, label_file="labels.txt"):
    (folder / "data").mkdir(parents=True)
    for number, (guid, text) in enumerate(tweets.items()):
        (folder / "data" / f"{guid}.jpg").write_bytes(picture_bytes((number, 9, 9), kind="JPEG"))
        (folder / "data" / f"{guid}.txt").write_bytes(text)
    if labels is not None:
        (folder / label_file).write_text(labels)
    return folder


def labels_of(drafts):
    return {guid: draft.post.labels for guid, draft in drafts.items()}


def test_one_post_a_tweet(tmp_path):
    folder = make(tmp_path / "in")
    drafts, rejects = read(Tweets(folder, None, tmp_path))
    assert not rejects
    assert {guid: (draft.post.text, draft.post.tags) for guid, draft in drafts.items()} == {
        "1": ("Leg day #gym #Gym #gym", ("gym", "Gym")),
        "2": ("@userab rain, again", ()),
        "10": ("so #happy\n", ("happy",)),
    }
    assert labels_of(drafts) == {"1": (), "2": ("negative",), "10": ("positive",)}
    assert drafts["1"].picture == str(folder / "data/1.jpg")
    assert {(draft.split, draft.post.user) for draft in drafts.values()} == {(None, None)}


def test_the_command(tmp_path, capsys):
    tweets = {str(number): f"tweet {number} #t{number % 2}".encode() for number in range(10)}
    folder = make(tmp_path / "in", tweets, "guid,tag\n" + "".join(f"{guid},neutral\n" for guid in tweets))
    (folder / "data/3.txt").unlink()
    (folder / "data/4.jpg").unlink()
    assert build("tweets", folder, tmp_path / "data", "--set", "max_rejects=0") == 0
    dataset, posts, splits = posts_of(tmp_path / "data")
    assert set(posts) == {"0", "1", "2", "5", "6", "7", "8", "9"}
    # A fifth of eight posts, then a tenth of the six that are left.
    assert Counter(splits.values()) == {"train": 5, "test": 2, "validation": 1}
    assert (posts["7"].text, posts["7"].tags, posts["7"].labels) == ("tweet 7 #t1", ("t1",), ("neutral",))
    assert dataset.manifest.dropped == {"image": {"no picture": 1}, "needs": {"no text": 1}}
    assert build("tweets", folder / "data", tmp_path / "other") == 2
    assert "has no data/; source tweets expects data/GUID.jpg" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "image", "label"), [
    ("positive", "positive", ("positive",)), ("neutral", "neutral", ("neutral",)),
    ("neutral", "negative", ("negative",)), ("positive", "neutral", ("positive",)),
    ("positive", "negative", ()), ("negative", "positive", ()),
])  # fmt: skip
def test_one_annotator(tmp_path, text, image, label):
    """Table 1 of Xu and Mao (2017)."""
    labels = f"ID\ttext,image\n1\t{text},{image}\n"
    drafts, rejects = read(
        Tweets(make(tmp_path / "in", labels=labels, label_file="labelResultAll.txt"), None, tmp_path)
    )
    assert labels_of(drafts) == {"1": label, "2": (), "10": ()} and not rejects


def test_three_annotators_decide_by_majority(tmp_path):
    """By hand: text positive and photo neutral; no majority for the text; positive against negative."""
    labels = (
        "ID\ttext,image\ttext,image\ttext,image\r\n"
        "1\tpositive,neutral\tpositive,positive\tneutral,neutral\r\n"
        "2\tpositive,neutral\tneutral,neutral\tnegative,neutral\r\n"
        "10\tpositive,negative\tpositive,negative\tneutral,neutral\r\n"
    )
    drafts, rejects = read(
        Tweets(make(tmp_path / "in", labels=labels, label_file="labelResultAll.txt"), None, tmp_path)
    )
    assert labels_of(drafts) == {"1": ("positive",), "2": (), "10": ()} and not rejects


@pytest.mark.parametrize("label_file", ["labels.txt", "train.txt"])
def test_null_is_no_sentiment(tmp_path, label_file):
    folder = make(
        tmp_path / "in", labels="\ufeffguid,tag\r\n1,null\r\n2,\r\n10, positive\r\n\r\n", label_file=label_file
    )
    drafts, rejects = read(Tweets(folder, None, tmp_path))
    assert labels_of(drafts) == {"1": (), "2": (), "10": ("positive",)} and not rejects


def test_labels_may_be_missing(tmp_path):
    drafts, rejects = read(Tweets(make(tmp_path / "in", labels=None), None, tmp_path))
    assert labels_of(drafts) == {"1": (), "2": (), "10": ()} and not rejects


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("\ufeffcafé … 😀".encode(), "café … 😀"),
        ("café — “quoted” … これ".encode("gbk"), "café — “quoted” … これ"),
        ("don’t, £5, café".encode("cp1252"), "don’t, £5, café"),
        ("tweet".encode("utf-16"), "tweet"),
        (b"", None),
    ],
)
def test_texts_of_other_encodings(tmp_path, content, text):
    drafts, rejects = read(Tweets(make(tmp_path / "in", {**TWEETS, "1": content}), None, tmp_path))
    assert drafts["1"].post.text == text and not rejects


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("tweet".encode("utf-16-le"), "text is neither UTF-8 nor GB 18030 nor Windows-1252"),
        (b"\x81\x8d\x8f", "text is neither UTF-8 nor GB 18030 nor Windows-1252"),
        (b"a" * ((1 << 20) + 1), "text longer than 1048576 bytes"),
    ],
)
def test_a_bad_text_costs_one_post(tmp_path, content, reason):
    drafts, rejects = read(Tweets(make(tmp_path / "in", {**TWEETS, "1": content}), None, tmp_path))
    assert set(drafts) == {"2", "10"}
    assert [(reject.where, reject.reason, reject.bad) for reject in rejects] == [("1", reason, True)]


def test_one_bad_line_or_file_stops_nothing(tmp_path):
    labels = LABELS + "1\n2,positive\n77,neutral\n1,positive,neutral\n"
    folder = make(tmp_path / "in", labels=labels)
    (folder / "labels.txt").write_bytes((folder / "labels.txt").read_bytes() + b"1,\xff\n")
    (folder / "data/10.PNG").write_bytes(picture_bytes((1, 2, 3)))
    (folder / "data/11.txt").mkdir()
    Path(os.fsdecode(os.fsencode(folder / "data") + b"/caf\xe9.jpg")).touch()
    source = Tweets(folder, None, tmp_path)
    drafts, rejects = read(source)
    assert labels_of(drafts) == {"1": ()}
    # A label of a tweet that is not there is no post.
    assert source.reading.notices == {"labels of tweets whose files are not there": 1}
    assert {(reject.where, reject.reason, reject.bad) for reject in rejects} == {
        ("labels.txt:4", "not guid,tag", True),
        ("labels.txt:7", "not guid,tag", True),
        ("labels.txt:8", "not valid utf-8", True),
        ("2", "several sentiments", True),
        ("10", "several photos", True),
        ("11", "text is not a file", True),
        ("'caf\\udce9.jpg'", "file name is not valid Unicode", True),
    }


def test_bad_annotations_are_counted(tmp_path):
    labels = "ID\ttext,image\n1\tpositive\n2\thappy,neutral\n10\n"
    drafts, rejects = read(
        Tweets(make(tmp_path / "in", labels=labels, label_file="labelResultAll.txt"), None, tmp_path)
    )
    assert len(drafts) == 3
    reason = "not ID<TAB>text,image, each one of positive, neutral, negative"
    assert [(reject.where, reject.reason) for reject in rejects] == [
        (f"labelResultAll.txt:{number}", reason) for number in (2, 3, 4)
    ]


def test_says_what_is_wrong_with_the_folder(tmp_path):
    folder = make(tmp_path / "a", labels="1,positive\n")
    with pytest.raises(UserError, match=r"labels\.txt:1: must be the header `guid,tag`\. Received: '1,positive'"):
        list(Tweets(folder, None, tmp_path).posts())
    folder = make(tmp_path / "b", labels="1\tpositive,neutral\n", label_file="labelResultAll.txt")
    with pytest.raises(UserError, match=r"labelResultAll\.txt:1: must be the header `ID<TAB>text,image`"):
        list(Tweets(folder, None, tmp_path).posts())
    with pytest.raises(UserError, match=r"data: holds no tweet \(GUID\.txt\)"):
        list(Tweets(make(tmp_path / "c", {}), None, tmp_path).posts())


@pytest.mark.shared_data
def test_real_tweets(shared_data, tmp_path):
    folder = shared_data / "tweets"
    drafts, rejects = read(Tweets(folder, None, tmp_path))
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (folder / "data").glob("*.txt")}
    sentiments = dict(line.split(",") for line in (folder / "labels.txt").read_text().splitlines()[1:])
    assert not rejects
    assert {guid: draft.post.text for guid, draft in drafts.items()} == texts
    assert {guid: labels[0] for guid, labels in labels_of(drafts).items() if labels} == sentiments
    assert all(f"#{tag}" in texts[guid] for guid, draft in drafts.items() for tag in draft.post.tags)
    # Words after a sign, told apart by white space, with nothing but ASCII letters to argue about.
    for guid, text in texts.items():
        plain = {word[1:] for word in text.split() if word[:1] == "#" and word[1:].isascii() and word[1:].isalpha()}
        assert plain <= set(drafts[guid].post.tags)
