"""The build configuration: what each step of data preparation does, checked before anything is read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from data_prep.sources.columns import wrong_field
from kerasmm.data.post import MAX_LINKS
from kerasmm.settings import Section

FIELDS = ("image", "text", "sentences", "tags", "labels", "user", "time")
"""Fields that `needs` may name."""


class Read(Section, strict=True):
    """How a table of your own posts is read (source `posts`)."""

    columns: dict[str, str] = {}
    """Field: column, for fields whose column has another name, e.g. `{text: caption}`; `--columns text=caption`."""
    separator: str | None = Field(default=None, min_length=1)
    """What separates items of tags, labels and links in one cell: a sign, `space`, or `brackets`; null finds it."""

    @model_validator(mode="after")
    def _consistent(self) -> Read:
        for field, column in self.columns.items():
            if problem := wrong_field(field, column):
                raise ValueError(f"`columns`: {problem}")
        return self


class Image(Section, strict=True):
    """How pictures are checked."""

    required: bool = True
    """Drop posts without a picture."""
    max_pixels: int = Field(default=50_000_000, gt=0, lt=1 << 29)
    """Refuse pictures that declare more; decoding one takes some 10 bytes of memory a pixel. Pictures of more than 50
    million pixels, which readers of the data set don't decode, are shrunk to these."""
    max_side: int | None = Field(default=None, ge=16)
    """Shrink pictures whose longer side is longer."""


class Annotate(Section, strict=True):
    """What is read out of the sentences, and what becomes a label."""

    sentences: Literal["given", "from text", "from_text"] = "given"
    """`from text`: the text of a post that has no `sentences` is its sentence, for models of images and sentences."""
    nouns_as_tags: bool = False
    """Add the lemmas of the nouns in `sentences` to the tags."""
    sentence_tags: bool = True
    """Give each of the `sentences` the lemmas of its nouns and verbs as pseudo-tags."""
    longest: int = Field(default=10_000, ge=1)
    """Characters of a post's sentences that nouns and verbs are looked for in; what comes behind them has none."""
    labels_from_tags: int = Field(default=0, ge=0)
    """The N most frequent tags become labels."""
    keep_in_tags: bool = False
    """Tags that become labels stay tags, too."""


class Connotations(Section, strict=True):
    """Labels that an annotator gives in place of the source's (CMEM, section 4.1.3); off, unless `method` is given."""

    method: str | None = None
    """`gazetteer`, `column`, `hashtags`, or `package.module:Class` of your own; see `data_prep.annotators`."""
    concepts: str | None = None
    """For `gazetteer`: a file of titles and their aliases."""
    threshold: float = Field(default=0.05, ge=0, le=1)
    """For `gazetteer`: how near a post must be to a meaning of an ambiguous name; else the most common one is taken."""
    names: bool = False
    """For `gazetteer`: read `@names`, too."""
    annotations: str | None = None
    """For `column`: a file with labels for each post id."""
    column: str = "labels"
    """For `column`: the column or key that has them."""

    @model_validator(mode="after")
    def _consistent(self) -> Connotations:
        if self.method is None and self.model_fields_set - {"method"}:
            raise ValueError("`method` turns the connotations on, and it is not given")
        for method, needed, others in (
            ("gazetteer", "concepts", {"threshold", "names"}),
            ("column", "annotations", {"column"}),
        ):
            if self.method == method and getattr(self, needed) is None:
                raise ValueError(f"`method: {method}` needs `{needed}`, a file")
            known = self.method in ("gazetteer", "column", "hashtags")
            if known and self.method != method and (strange := self.model_fields_set & {needed, *others}):
                raise ValueError(f"`{min(strange)}` goes with `method: {method}`")
        return self


class Prune(Section, strict=True):
    """Which posts are dropped for what they say (CMEM, section 4.1.1); none, unless a key is given."""

    topics: list[str] = []
    """Topic words or phrases: posts must name one in the text or in a hashtag; none takes all posts."""
    words: int = Field(default=0, ge=0)
    """Words that a post must have when links, mentions, numbers and punctuation are gone."""
    junk: bool = False
    """Drop junk, see `data_prep.pruning.prune.Pruner`."""
    language: str | None = Field(default=None, pattern="^[a-z]{2,3}$")
    """Drop posts in other languages, see `data_prep.pruning.languages`; `en` for English."""
    near_duplicates: float | None = Field(default=None, ge=0.3, le=1)
    """Of posts whose texts share at least this part of their words, the earliest stays; 1 for the same words only."""
    fold_retweets: bool = False
    """Drop posts `RT @name: …` when what they share is there, too; else the first of them stays, without `RT @name:`."""

    @model_validator(mode="after")
    def _consistent(self) -> Prune:
        for topic in self.topics:
            if not any(map(str.isalnum, topic)):
                raise ValueError(f"`topics` must be words or phrases, not {topic!r}")
        return self


class Collect(Section, strict=True):
    """Which posts are taken from the web to go with a clean data set (webly, section 4.1); all, unless it is given."""

    clean: str | None = None
    """Folder of a data set with sentences; takes only posts whose tags match a keyword of its training sentences."""
    keywords: int = Field(default=1000, ge=1)
    """How many keywords: the most frequent lemmas."""
    per_keyword: int | None = Field(default=200, ge=1)
    """Posts that one keyword brings at most; null sets no limit."""
    english_tags: int = Field(default=2, ge=0)
    """Tags that must be English."""
    per_owner: int | None = Field(default=5, ge=1)
    """Posts of one user at most; null sets no limit."""
    first_tags: int | None = Field(default=5, ge=1)
    """Of posts with the same first N tags, in any order, one stays; null keeps all."""

    @model_validator(mode="after")
    def _consistent(self) -> Collect:
        if self.clean is None and self.model_fields_set - {"clean"}:
            raise ValueError("`clean`, the folder of a clean data set, turns the collection on, and it is not given")
        return self


class Words(Section, strict=True):
    """How a vocabulary is cut."""

    most: int | None = Field(default=None, ge=1)
    """Keep the N most frequent words; null keeps all."""
    minimum: int = Field(default=1, ge=1)
    """Keep words that at least N posts have."""


class Tags(Words, strict=True):
    """The vocabulary of tags, and which tags and users are left out first (hashtag prediction, section 4.1)."""

    drop_numbers: bool = False
    """Drop tags that are numbers, such as `2009` and `1,000`, see `data_prep.vocabulary.numbers`."""
    drop_most_frequent: int = Field(default=0, ge=0)
    """Drop the N most frequent of the other tags."""
    per_post: float | None = Field(default=None, gt=0)
    """Drop the posts of users who give more tags a post on average, counted before any tag is dropped; null keeps all."""


class Counts(Section, strict=True):
    """Split sizes in posts, drawn at random."""

    test: int = Field(ge=0)
    """Test posts; `counts` can't do without it."""
    train: int | None = Field(default=None, ge=1)
    """Training posts before validation is carved out of them; what is beyond is left out. null takes all the rest."""
    validation: int = Field(default=0, ge=0)
    """Validation posts, carved out of the training posts."""


class Split(Section, strict=True):
    """Who goes where."""

    method: Literal["random", "time", "latest", "published", "counts"] = "random"
    """`random` by shares, `counts` at random by numbers, `time`: what a user did last is tested, what came before validates,
    `latest`: what a user did last is tested or validates, at random, `published`: as the publisher says."""
    test: float = Field(default=0.2, ge=0, lt=1)
    """Share of test posts; with `time`, of each user's acts; with `latest`, of each user's posts, validation included."""
    validation: float = Field(default=0.1, ge=0)
    """Share of the training posts that is carved out for validation; a whole number from 1 up is a count. With `latest`, the
    share of the posts that are held out."""
    counts: Counts | None = None
    """Sizes for the method `counts`."""

    @model_validator(mode="after")
    def _consistent(self) -> Split:
        if self.validation >= 1 and self.validation != int(self.validation):
            raise ValueError(f"`validation` is a share below 1 or a whole number of posts, not {self.validation}")
        if (self.method == "counts") != (self.counts is not None):
            raise ValueError(
                "`counts: {test: N, validation: N}` goes with `method: counts`, and only with it, e.g. "
                "`--split counts --set split.counts.test=500`"
            )
        for method, of in (("time", "each user's acts"), ("latest", "the posts that are held out")):
            if self.method == method and self.validation >= 1:
                raise ValueError(f"with `method: {method}`, `validation` is a share of {of}, not {self.validation}")
        return self


class Links(Section, strict=True):
    """Links between training posts that share a label."""

    most: int = Field(default=MAX_LINKS, ge=0, le=MAX_LINKS)
    """Links a post; 0 for none."""
    pool: int = Field(default=10_000, ge=2)
    """Posts that stand for a label with more of them."""


class FeatureEncoder(Section, strict=True):
    """Stored image features."""

    encoder: str | None = None
    """An encoder of `kerasmm.encoders`, or a file of vectors by post id: .npz, .npy or .parquet; null stores pictures only."""
    weights: str | None = None
    """A file of weights in place of the encoder's own download; of a preset of keras-hub the folder where it is now."""
    resize: Literal["squash", "crop"] = "squash"
    """How pictures come to the encoder's size: `crop` brings the shorter side to 8/7 of it and takes the centre. A preset of
    keras-hub says it itself."""
    batch: int = Field(default=32, ge=1, le=1 << 12)
    """Pictures encoded at a time."""

    @model_validator(mode="after")
    def _consistent(self) -> FeatureEncoder:
        if self.weights is not None and self.encoder is None:
            raise ValueError("`weights` are those of an `encoder` (`--features`), and none is given")
        return self


class BuildConfig(Section, strict=True):
    """The whole configuration of `python -m data_prep build`."""

    read: Read = Read()
    image: Image = Image()
    annotate: Annotate = Annotate()
    connotations: Connotations = Connotations()
    prune: Prune = Prune()
    collect: Collect = Collect()
    tags: Tags = Tags(most=1000)
    labels: Words = Words()
    """The vocabulary of labels."""
    users: Words | None = None
    """The vocabulary of users of the training split, and figures of who gives which tag; any key of it, or `users: {}`,
    turns it on."""
    vocabularies_of: str | None = None
    """Folder of a data set whose words are taken in place of one's own, see `data_prep.vocabulary.given`."""
    needs: list[Literal["image", "text", "sentences", "tags", "labels", "user", "time"]] = ["image", "tags"]
    """Fields that a post must have; others are dropped."""
    split: Split = Split()
    links: Links = Links()
    features: FeatureEncoder = FeatureEncoder()
    shard_records: int = Field(default=1000, ge=1, le=1_000_000)
    """Posts a shard, and posts a worker takes at a time."""
    max_rejects: float = Field(default=0.1, ge=0, le=1)
    """Share of bad input above which the build stops."""
    seed: int = Field(default=0, ge=0, lt=1 << 32)
    """Decides splits, links and which web posts are collected; the same seed gives the same data set."""
