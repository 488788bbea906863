"""The gazetteer: which names are found in a text, and which of its meanings a name has there."""

import gzip
import json

import pytest

from data_prep.annotators.concept_index import ConceptIndex, build
from data_prep.annotators.concepts import Concept, read_concepts
from data_prep.annotators.gazetteer import Gazetteer
from data_prep.annotators.mentions import name_words, singular
from data_prep.build import build as build_dataset
from data_prep.build import configuration
from data_prep.config import Connotations
from data_prep.draft import Draft
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.post import Post

CONCEPTS = """title\taliases\tcount\tdescription
Brexit\tBritish exit|UK withdrawal\t900\twithdrawal of the United Kingdom from the European Union
European Union\tEU|the EU\t800\tpolitical union of European countries with a parliament in Brussels
United Kingdom\tUK|Britain|Great Britain\t950\tcountry of England, Scotland, Wales and Northern Ireland
Labour Party (UK)\tLabour\t500\tpolitical party led by Jeremy Corbyn, votes and elections
Labour (economics)\tLabour|workforce\t300\twork that people do for wages, jobs and employers
Apple Inc.\tApple\t900\ttechnology company of California that makes phones, computers and software
Apple\tapples\t500\tfruit of an apple tree, eaten raw or baked into pie and crumble
Jeremy Corbyn\tCorbyn\t300\tBritish politician and party leader
Steve Jobs\t\t300\tAmerican founder of a technology company
Theresa May\tMrs May\t400\tBritish politician and prime minister
Mercury (planet)\t\t400\tnearest planet to the sun, seen at dawn
Mercury (element)\tquicksilver\t350\tliquid silvery metal, used in thermometers
Stock market\tstock exchange|stocks\t200\ttrade of shares by investors
Crash\t\t10\t
Stock market crash\t\t50\tsudden fall of prices
Racism\t\t100\t
Immigrants\t\t50\t
Café\tcoffee house\t20\t
Wales\t\t70\t
The The\t\t5\tband
It\tIt\t5\tnovel
"""


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gazetteer")
    (folder / "concepts.tsv").write_text(CONCEPTS)
    made = Gazetteer(Connotations(method="gazetteer", concepts=str(folder / "concepts.tsv")), folder / "own")
    made.prepare()
    spoken = "vote for out now the crash of it means that we go the leave a crisis may"
    assert made.learn([Draft(Post(id=str(n), text=spoken)) for n in range(50)]) == {"concepts": 21}
    return made


def labels(gazetteer, text, **fields):
    return gazetteer.labels(Draft(Post(id="1", text=text, **fields)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # One mention, two contexts, two titles.
        ("Apple presents new phones and computers", ("Apple Inc.",)),
        ("my gran baked an apple pie", ("Apple",)),
        ("Labour will win the elections, says Corbyn", ("Labour Party (UK)", "Jeremy Corbyn")),
        ("fair wages for labour, say employers", ("Labour (economics)",)),
        ("Mercury rises at dawn, long before the sun", ("Mercury (planet)",)),
        ("never let the mercury out of thermometers", ("Mercury (element)",)),
        # What else is named tells it.
        ("Apple without Steve Jobs", ("Apple Inc.", "Steve Jobs")),
        ("labour and Jeremy Corbyn", ("Labour Party (UK)", "Jeremy Corbyn")),
        # Without a hint, the most common meaning.
        ("apple!", ("Apple Inc.",)),
        ("labour", ("Labour Party (UK)",)),
        ("something about labour that nobody understands", ("Labour Party (UK)",)),
        # Longest first, without overlap, whole words.
        ("stock market crash", ("Stock market crash",)),
        ("the stock market may crash", ("Stock market", "Crash")),
        ("brexiting crashed walesa", ()),
        # One name, many spellings.
        ("BREXIT, brexit & Brexit's", ("Brexit",)),
        ("in the U.K. and the E.U.", ("United Kingdom", "European Union")),
        ("stock-market or stock markets", ("Stock market",)),
        ("racisms of an immigrant", ("Racism", "Immigrants")),
        ("cafe or CAFÉ or cafés", ("Café",)),
        ("ｂｒｅｘｉｔ", ("Brexit",)),
        # Hashtags are split into words.
        ("#StockMarketCrash", ("Stock market crash",)),
        ("#stockmarketcrash", ("Stock market crash",)),
        ("#STOCKMARKET", ("Stock market",)),
        ("#BrexitNow #voteout #VoteLabour2017", ("Brexit", "Labour Party (UK)")),
        ("#brexitmeansbrexit", ("Brexit",)),
        ("the #stock #market", ("Stock market",)),
        ("#theresa_may", ("Theresa May",)),
        # No name goes on beyond a sentence, none is a link or a mention.
        ("all European. Union of workers", ()),
        ("http://brexit.com/racism @brexit RT @wales: hi", ()),
        ("the the it", ()),
        ("", ()),
        ("!!! ❤ \ud800", ()),
    ],
)
def test_labels(gazetteer, text, expected):
    assert labels(gazetteer, text) == expected


def test_sentences_are_read_too(gazetteer):
    assert labels(gazetteer, None, sentences=("racism is a crisis", "so is Brexit")) == ("Racism", "Brexit")
    assert gazetteer.labels(Draft(Post(id="1"))) == ()


def test_names_of_people_on_demand(gazetteer):
    config = gazetteer.config.model_copy(update={"names": True})
    assert labels(Gazetteer(config, gazetteer.folder), "hello @jeremycorbyn") == ("Jeremy Corbyn",)
    assert labels(gazetteer, "hello @jeremycorbyn") == ()


def test_threshold(gazetteer):
    config = gazetteer.config.model_copy(update={"threshold": 1.0})
    assert labels(Gazetteer(config, gazetteer.folder), "my gran baked an apple pie") == ("Apple Inc.",)


def test_names_by_a_slow_search(tmp_path, rng):
    """Random names over six letters as words, found by trying every title at every place."""
    drawn = {tuple(rng.choice(list("abcdef"), rng.integers(1, 5)).tolist()) for _ in range(30)}
    # Single letters as words: none is a stop word with a "q" before it.
    names = sorted(tuple(f"q{letter}" for letter in name) for name in drawn)
    build(tmp_path / "i.sqlite", (Concept(" ".join(name)) for name in names))
    (tmp_path / "c.tsv").write_text("x\n")
    gazetteer = Gazetteer(Connotations(method="gazetteer", concepts=str(tmp_path / "c.tsv")), tmp_path)
    (tmp_path / "i.sqlite").rename(tmp_path / "concepts.sqlite")
    for _ in range(200):
        words = [f"q{letter}" for letter in rng.choice(list("abcdefg"), rng.integers(0, 12))]
        expected, place = [], 0
        while place < len(words):
            here = [name for name in names if tuple(words[place : place + len(name)]) == name]
            longest = max(here, key=len, default=None)
            if longest:
                expected.append(" ".join(longest))
            place += len(longest or "1")
        assert labels(gazetteer, " ".join(words)) == tuple(dict.fromkeys(expected)), words


def test_lines_of_one_title_add_up(tmp_path):
    lines = ["Apple_Inc.\tApple\t2\tphones", "APPLE INC.\tAAPL\t5\tcomputers", "Apple\t\t6\tfruit", "apple\tPomme"]
    (tmp_path / "c.tsv").write_text("\n".join(lines))
    assert build(tmp_path / "i.sqlite", read_concepts(tmp_path / "c.tsv")) == 2
    index = ConceptIndex(tmp_path / "i.sqlite")
    assert [(c.title, c.frequency, dict(c.words)) for c in index.candidates("apple")] == [
        ("Apple Inc.", 7, {"apple": 2, "phone": 1, "computer": 1}),
        ("Apple", 6, {"apple": 2, "fruit": 1}),
    ]
    assert [c.title for c in index.candidates("aapl")] == ["Apple Inc."]
    assert [c.title for c in index.candidates("pomme")] == ["Apple"]
    # By hand: 4 names begin with one word, "apple inc" has two; "fruit" goes with one concept.
    assert (index.word("apple")[0], index.word("pomme")[0], index.word("fruit")[2], index.word("x")) == (
        2,
        1,
        1,
        (0, 0, 0),
    )


@pytest.mark.parametrize(
    "header", ["title\tcount", "page_title", '"page_title"', "Title", "titles", "article", "", "Article"]
)
def test_a_header_is_no_title(tmp_path, header):
    (tmp_path / "c.tsv").write_text(f"{header}\nBrexit\nApple_(fruit)\n")
    titles = [concept.title for concept in read_concepts(tmp_path / "c.tsv")]
    # With a capital it is one of Wikipedia's own.
    assert titles == [*(["Article"] if header == "Article" else []), "Brexit", "Apple (fruit)"]


def test_lists_with_namespaces_have_articles(tmp_path):
    (tmp_path / "c.tsv").write_text("page_namespace\tpage_title\n0\tBrexit\n1\tBrexit\n\n14\tFruit\n0\tApple_(fruit)\n")
    assert [concept.title for concept in read_concepts(tmp_path / "c.tsv")] == ["Brexit", "Apple (fruit)"]


def test_json_lines_and_compressed_lists(tmp_path):
    concepts = [Concept("Brexit", ("British exit",), 9, "a vote"), Concept("Apple (fruit)")]
    lines = [
        {"title": "Brexit", "aliases": ["British_exit"], "count": 9, "description": "a vote"},
        {"title": "Apple_(fruit)", "aliases": None},
    ]
    text = "\n\n".join(map(json.dumps, lines))
    (tmp_path / "c.jsonl").write_text(text)
    with gzip.open(tmp_path / "c.jsonl.gz", "wt") as file:
        file.write(text)
    assert list(read_concepts(tmp_path / "c.jsonl")) == list(read_concepts(tmp_path / "c.jsonl.gz")) == concepts
    assert (concepts[1].name(), concepts[1].qualifier(), concepts[0].qualifier()) == ("Apple", "fruit", "")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.tsv", "Brexit\n\t\t\n", r"c\.tsv:2: `title` is empty"),
        (
            "c.tsv",
            "Brexit\ta\tmany\n",
            r"c\.tsv:1: `count` must be a whole number of at most 15 digits. Received: 'many'",
        ),
        ("c.tsv", "Brexit\ta\t-1\n", r"c\.tsv:1: `count`"),
        ("c.tsv", "Brexit\ta\t1\tx\ty\n", r"c\.tsv:1: .*5 columns"),
        ("c.tsv", "title\taliases\n\n", r"c\.tsv: holds no concept"),
        ("c.tsv", b"Brexit\n\xff\n", r"c\.tsv:2: not valid utf-8"),
        ("c.jsonl", "{}\n", r"c\.jsonl:1: `title` is empty"),
        ("c.jsonl", "[\n", r"c\.jsonl:1: not valid JSON"),
        ("c.jsonl", "[]\n", r"c\.jsonl:1: must be an object"),
        ("c.jsonl", '{"title": "a", "aliases": "b"}\n', r"c\.jsonl:1: `aliases` must be a list"),
        ("c.jsonl", '{"title": "a", "count": "b"}\n', r"c\.jsonl:1: `count`"),
        ("c.jsonl", '{"title": 7}\n', r"c\.jsonl:1: `title` must be a string"),
    ],
)
def test_bad_lists(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    config = Connotations(method="gazetteer", concepts=str(tmp_path / name))
    with pytest.raises(UserError, match=message) as error:
        Gazetteer(config, tmp_path / "own").prepare()
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match=r"connotations.concepts: .*nowhere: no such file"):
        Gazetteer(config.model_copy(update={"concepts": str(tmp_path / "nowhere")}), tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Café", ("cafe",)),
        ("Straße", ("strasse",)),
        ("U.S.A.", ("usa",)),
        ("O'Neil's", ("oneil",)),
        ("AT&amp;T", ("at", "and", "t")),
        ("Jean-Paul", ("jean", "paul")),
        ("workers’ rights", ("workers", "rights")),
        ("हिन्दी", ("हिन्दी",)),
        ("3.5 %", ("3", "5")),
        ("...", ()),
    ],
)
def test_one_spelling(name, words):
    assert name_words(name) == words


def test_plain_names_go_the_short_way_to_the_same_words(rng):
    letters = list("abZ09 .-_'&#\t\x00\x7f")
    for _ in range(300):
        name = "".join(rng.choice(letters, rng.integers(0, 12)))
        assert (*name_words(name), "e") == name_words(f"{name} é"), name


@pytest.mark.parametrize(
    ("word", "expected"),
    [("mice", "mouse"), ("votes", "vote"), ("news", "news"), ("bus", "bus"), ("eu", "eu"), ("brexiteers", "brexiteer")],
)
def test_singular(word, expected):
    assert singular(word) == expected


@pytest.mark.shared_data
def test_real_tweets(shared_data, tmp_path):
    concepts = {
        "Love": ("in love", "loving"), "Happiness": ("happy",), "Winter": (), "Snow": ("snowfall",), "Depression": ("depressed",),
        "Coffee": ("latte", "espresso"), "Night": ("tonight",), "Valentine's Day": ("valentines", "valentine"), "Art": ("artwork",),
        "Music": ("song",), "Dog": ("puppy",), "Cat": ("kitten",), "Football": ("soccer",), "London": (), "New York City": ("new york", "nyc"),
        "Food": ("foodie",), "Fitness": ("gym", "workout"), "Selfie": (), "Weather": ("rain", "sunny"), "Beach": ("seaside",),
        "Friendship": ("friend",), "Family": (), "Sunset": (), "Birthday": (), "Wedding": ("bride",), "Fear": ("scared",),
        "School": ("student",), "Car": ("cars",), "Film": ("movie",), "Book": ("novel",), "Anorexia": ("anorexic",),
        "Homelessness": ("homeless",), "Bullying": ("bully",), "Christmas": ("xmas",), "Baby": ("babies",), "Chocolate": (),
        "Abandonment": ("abandoned",), "Fashion": ("style",), "Photography": ("photo",), "Travel": ("travelling",),
    }  # fmt: skip
    rows = (f"{title}\t{'|'.join(aliases)}\n" for title, aliases in concepts.items())
    (tmp_path / "concepts.tsv").write_text("".join(rows))
    given = {
        "connotations": {"method": "gazetteer", "concepts": str(tmp_path / "concepts.tsv")},
        "image": {"required": False},
    }
    manifest = build_dataset(
        configuration("tweets", None, given), "tweets", tmp_path / "data", folder=shared_data / "tweets", quiet=True
    )
    dataset = open_dataset(tmp_path / "data")
    kept = dataset.vocabulary("labels")
    assert set(kept) <= {title.lower() for title in concepts}
    assert len(kept) >= 5
    assert manifest.statistics["connotations/concepts"] == len(concepts)
    for split in manifest.splits:
        for post in dataset.posts(split):
            words = " ".join(name_words((post.text or "").replace("#", " ")))
            for title, aliases in concepts.items():
                if title.lower() in post.labels:
                    # Whatever is labelled is there, be it within a hashtag.
                    said = words.replace(" ", "")
                    assert any("".join(name_words(name))[:-1] in said for name in (title, *aliases)), (post.text, title)
