import base64
import io
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from kerasmm.asking.answers import Answer, Found
from kerasmm.asking.attention import Attention
from kerasmm.asking.page import results_page
from kerasmm.serving.posts import StoredPost
from tests.serving.fake import picture

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """Collects tags, attributes and the words between them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)


def found(rank=1, score=0.5, thumbnail=b"jpeg", **about):
    post = StoredPost(
        **{"id": "a", "split": "train", "text": None, "tags": (), "labels": (), "thumbnail": thumbnail} | about
    )
    return Found(rank, post.id, score, post)


def page(results, title="x", words=(), image=None, source="m", looks=()):
    values = {"tags": list(words), **({"image": image} if image else {})}
    return results_page([Answer(title, "search", values, results)], source, looks)


def test_no_word_of_a_post_becomes_markup():
    evil = found(id=EVIL, text=EVIL, tags=(EVIL,), labels=(f"{EVIL} label",), thumbnail=picture((9, 9, 9), form="JPEG"))
    looks = [[[Attention(EVIL, 0.5, np.full((2, 2), 0.25))]]]
    read = Page(page([evil], EVIL, (EVIL,), picture((1, 2, 3)), EVIL, looks))
    assert "script" not in read.tags
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert all(value.startswith("data:image/jpeg;base64,") for name, value in read.attributes if name == "src")
    # Title twice, source, heat map, text, tag, label, id.
    assert sum(EVIL in word for word in read.words) == 8
    assert f"{EVIL} label" in read.words


def test_shows_the_query_and_every_result_in_order():
    results = [found(rank, 1.0 / rank, thumbnail=str(rank).encode(), id=f"post {rank}") for rank in (1, 2, 3)]
    text = page(results, "snow + dog", ("snow",), picture((250, 0, 0), form="JPEG"), "saved_models/dman/1")
    read = Page(text)
    pictures = [base64.b64decode(value.split(",")[1]) for name, value in read.attributes if name == "src"]
    assert pictures == [picture((250, 0, 0), form="JPEG"), b"1", b"2", b"3"]
    places = [text.index(f"post {rank}") for rank in (1, 2, 3)]
    assert places == sorted(places)
    assert "snow + dog" in read.words


def test_a_sentence_stands_under_the_picture_of_its_post():
    post = found(id="photo#7", text="the first sentence", thumbnail=b"seven").post
    results = [Found(1, "photo#7#1", 0.5, post, "the second"), Found(2, "gone#0", 0.4, None, EVIL)]
    text = page(results, "picture.jpg", image=picture((250, 0, 0), form="JPEG"))
    read = Page(text)
    pictures = [base64.b64decode(value.split(",")[1]) for name, value in read.attributes if name == "src"]
    assert pictures[1:] == [b"seven"]
    assert "the second" in read.words and "the first sentence" not in read.words and "photo#7#1" in read.words
    assert "2 sentences from m" in text and EVIL in read.words and "script" not in read.tags
    assert "1 sentence from m" in page(results[:1])


def test_is_self_contained():
    read = Page(page([found()]))
    assert not {"link", "script", "iframe", "a"} & set(read.tags)
    policy = dict(read.attributes)["content"]
    assert any("default-src 'none'" in value for name, value in read.attributes if name == "content"), policy


def test_asked_words_are_set_off():
    text = page([found(tags=("snow", "dog"))], "snow", ("snow",))
    assert '<span class="tag hit" dir="auto">snow</span>' in text and '<span class="tag" dir="auto">dog</span>' in text
    assert "tag asked for" in text and "tag asked for" not in page([found(tags=("snow",))])


def test_a_label_that_is_also_a_tag_is_one_chip():
    text = page([found(tags=("snow", "dog"), labels=("dog", "cold"))])
    words = Page(text).words
    assert (words.count("dog"), words.count("cold"), words.count("tag and label")) == (1, 1, 1)
    assert (
        '<span class="tag label" dir="auto">dog</span>' in text and '<span class="label" dir="auto">cold</span>' in text
    )
    many = Page(page([found(labels=tuple(f"label{number}" for number in range(100)))])).words
    assert sum(word.startswith("label") and word != "label" for word in many) == 6 and "+94" in many


def test_posts_without_a_picture_or_without_anything():
    text = page([found(thumbnail=None), Found(2, "gone", -0.25, None)])
    assert text.count("no picture kept") == 2 and "gone" in text and "-0.250" in text
    assert "0 posts" in page([])


def test_of_many_tags_the_first_are_shown_and_those_asked_before():
    tags = tuple(f"tag{number}" for number in range(20))
    words = [word.strip() for word in Page(page([found(tags=tags)], words=("tag17",))).words]
    shown = [word for word in words if word.startswith("tag") and word not in ("tag", "tag asked for")]
    assert shown == ["tag17", *tags[:5]] and "+14" in words


def test_each_photo_stands_beside_the_heat_maps_of_its_words():
    """Posts with a picture have a map a word, all under one scale of colours; the others have none."""
    weights = [np.array([[0.7, 0.1], [0.1, 0.1]]), np.array([[0.1, 0.1], [0.1, 0.2]])]
    looks = [[Attention("snow", 0.913, weights[0]), Attention("dog", None, weights[1])], None]
    photo = picture((128, 128, 128), (60, 40), form="JPEG")
    results = [found(thumbnail=photo, id="a"), found(2, thumbnail=None, id="b")]
    text = page(results, "snow + dog", ("snow", "dog"), looks=[looks])
    read = Page(text)
    pictures = [base64.b64decode(value.split(",")[1]) for name, value in read.attributes if name == "src"]
    assert len(pictures) == 3 and pictures[0] == photo
    first, second = (np.asarray(Image.open(io.BytesIO(jpeg)).convert("L"), int) for jpeg in pictures[1:])
    assert first.shape == second.shape == (176, 264)
    assert first[40, 60] > first[140, 200] + 60 and abs(second[40, 60] - first[140, 200]) < 12
    assert "0.91 snow" in read.words and "dog" in read.words and "no picture kept" in read.words
    assert "--beside:3" in text and "0.100<i" in text and "</i>0.450 and above" in text


def test_several_questions_stand_under_their_own_titles():
    answers = [Answer(word, "search", {"tags": [word]}, [found(id=f"post {word}")]) for word in ("snow", "dog")]
    text = results_page(answers, "m")
    places = [text.index(part) for part in (">snow</h1>", "post snow", ">dog</h1>", "post dog")]
    assert places == sorted(places) and "<title>snow · dog</title>" in text and text.count("<section>") == 2
    assert "heat map" not in text
