"""The passes of a build, each a Beam pipeline over chunk numbers; none of them holds the posts.

read (source → raw chunks) · connote (an annotator's labels) · clean (pictures, spelling, pruning, duplicates) ·
annotate · compare (near duplicates) · keywords and collect (web posts that go with a clean data set) · count words ·
spammers · select by vocabulary · split · users (who posts, and who gives which tag) · links · write. See `data_prep.route`
for what each of them reads, and `data_prep.work.chunks` for what travels and what stays in files.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from data_prep.annotate.annotate import TOO_LONG, Annotate
from data_prep.annotators.annotator import Annotator
from data_prep.annotators.connotations import Connote, configured
from data_prep.clean.clean import Clean
from data_prep.clean.duplicates import Duplicates
from data_prep.collect.collect import Collect
from data_prep.collect.keywords import WriteKeywords, clean_dataset, read_keywords
from data_prep.config import BuildConfig
from data_prep.inspect.connotation_figures import STATISTICS, found
from data_prep.links.given_links import TASK as GIVEN_LINKS
from data_prep.links.given_links import FilterLinks, link_statistics
from data_prep.links.links import WritePools, pack_pools
from data_prep.near_duplicates.near_duplicates import comparisons, settle
from data_prep.pruning.languages import check_language
from data_prep.read.read import read
from data_prep.read.read_parts import read_parts
from data_prep.route import RAW, Route
from data_prep.sources.reading import told
from data_prep.sources.source import Source
from data_prep.split.plan import TRAIN, Plan, plan
from data_prep.split.split import SplitPosts
from data_prep.users.counting import TAG_USERS, USERS, CountUsers, usage_of, vocabulary_of
from data_prep.users.spammers import Spammers, count_spammers
from data_prep.users.usage import Usage
from data_prep.vocabulary.given import given_users
from data_prep.vocabulary.runs import Counts, MergeRuns, groups_of, run_path
from data_prep.vocabulary.select import SelectPosts
from data_prep.vocabulary.vocabulary import (
    COUNTS,
    SIZES,
    VOCABULARIES,
    CountWords,
    Vocabularies,
    dropped_tags,
    label_counts,
)
from data_prep.work import runner
from data_prep.work.chunks import Work
from data_prep.work.rejects import Rejects
from data_prep.write import features
from data_prep.write.write import Write
from kerasmm.console import UserError, console, progress
from kerasmm.data.dataset import Dataset
from kerasmm.data.manifest import Features


@dataclasses.dataclass(frozen=True)
class Written:
    """What the passes leave for the data set.

    Args:
        work: The work folder with the shards of every chunk.
        numbers: The chunks.
        seen: Posts and broken lines that the source had.
        words: The vocabularies.
        users: The vocabulary of users, where the data set has one.
        usage: Figures of users and tags, where users were counted.
        features: What the stored image features are, if any.
        keywords: Keywords of the clean data set that web posts were collected for, if any.
        statistics: Further figures worth keeping.
    """

    work: Work
    numbers: range
    seen: int
    words: Vocabularies
    users: list[str] | None
    usage: Usage | None
    features: Features | None
    keywords: list[str] | None = None
    statistics: dict[str, float] = dataclasses.field(default_factory=dict)


class Passes:
    """Takes the posts of a source through all passes.

    Args:
        config: What each step does.
        source: Where the posts come from.
        folder: The work folder, made here.
        output: The data set's folder, for messages.
        options: Beam's options.
        quiet: No progress bars.
    """

    def __init__(
        self, config: BuildConfig, source: Source, folder: Path, output: Path, options: PipelineOptions, quiet: bool
    ) -> None:
        self._config, self._source, self._work, self._quiet = config, source, Work(folder), quiet
        self._options = options
        self._numbers, self._drafts, self._seen = range(0), 0, 0
        self.rejects = Rejects(self._work, output, config.max_rejects)

    def run(self) -> Written:
        """All passes, in order.

        Raises:
            UserError: For too much bad input, or when no post is left, in all or for training.
        """
        config, work = self._config, self._work
        described = features.described(config.features, work)
        if config.prune.language is not None:
            check_language(config.prune.language)
        clean = None if config.collect.clean is None else clean_dataset(config.collect.clean)
        annotator = None if config.connotations.method is None else configured(work, config.connotations)
        if annotator is not None:
            annotator.prepare()
        route = self._read()
        statistics = {} if annotator is None else self._connote(annotator)
        self._pass("clean", Clean(route) | Duplicates(work))
        self.rejects.refuse_too_many(self._seen, ("source", "clean"))
        if route.annotates:
            self._pass("annotate", Annotate(work, config.annotate))
            statistics |= self._too_long()
        if route.compares:
            self._compare(route)
        keywords = None if clean is None else self._collect(route, clean)
        words, counted = self._words(route, annotator)
        statistics |= counted
        work.write_lines(work.folder / VOCABULARIES, [words.to_json()])
        if route.spammers:
            self._pass("spammers", Spammers(route))
            statistics["users/of_too_many_tags"] = count_spammers(work, self._numbers)
        self._pass("select", SelectPosts(route))
        self.rejects.refuse_too_many(self._seen)
        decided, given = self._plan()
        self._pass("split", SplitPosts(work, decided))
        users, usage = self._users(decided, words)
        pooled = words.labels if config.links.most else []
        if config.links.most and given:
            self._pass(GIVEN_LINKS, FilterLinks(work, decided))
            statistics |= link_statistics(work, self._numbers)
        if pooled:
            self._pass("links", WritePools(work, decided, config.links, pooled, config.seed))
            pack_pools(work, len(pooled))
        self._pass("write", Write(work, config, decided, pooled))
        if not any(TRAIN in work.note("written", number) for number in self._numbers):
            raise UserError(
                "split: whole groups go to one side, and none is left for training; lower the sizes in `split`"
            )
        return Written(work, self._numbers, self._seen, words, users, usage, described, keywords, statistics)

    def _words(self, route: Route, annotator: Annotator | None) -> tuple[Vocabularies, dict[str, float]]:
        """The vocabularies, and figures of what an annotator found."""
        hidden = annotator is not None and annotator.hides_hashtags
        if self._config.vocabularies_of is not None and annotator is None:
            return Vocabularies.given(self._config, hidden), {}
        self._pass("count", CountWords(route))
        counts = self._merged(COUNTS)
        statistics: dict[str, float] = {}
        if annotator is not None:
            sizes: Counter[int] = Counter()
            for number in self._numbers:
                sizes.update({int(size): posts for size, posts in self._work.note(SIZES, number).items()})
            statistics = found(label_counts(counts), sizes)
        if self._config.vocabularies_of is not None:
            return Vocabularies.given(self._config, hidden), statistics
        words = Vocabularies.from_counts(counts, self._config, hidden)
        if self._config.tags.drop_numbers or self._config.tags.drop_most_frequent:
            statistics |= dropped_tags(counts, self._config, words)
        if words.too_frequent:
            console(self._quiet).print(f"tags dropped as too frequent: {', '.join(words.too_frequent)}", soft_wrap=True)
        return words, statistics

    def _users(self, decided: Plan, words: Vocabularies) -> tuple[list[str] | None, Usage | None]:
        """The vocabulary of users, and who gives which tag."""
        if self._config.vocabularies_of is not None:
            return given_users(self._config), None
        if self._config.users is None:
            return None, None
        self._pass(USERS, CountUsers(self._work, decided))
        users = self._merged(USERS)
        usage = usage_of(users, self._merged(TAG_USERS), words.tags)
        if not usage.users:
            raise UserError("users: no training post names its user; leave `users` out")
        return vocabulary_of(users, self._config.users), usage

    def _merged(self, kind: str) -> Counts:
        """What the chunks counted, in one file."""
        runs, level = len(self._numbers), 0
        while runs > 1:
            groups = groups_of(runs)
            self._over(f"merge {kind} {level}", groups, len(groups), MergeRuns(self._work, kind, level, runs))
            runs, level = len(groups), level + 1
        return Counts([run_path(self._work, kind, level, 0)])

    def _pass(self, task: str, steps: beam.PTransform) -> None:
        self._over(task, self._numbers, self._drafts, steps)

    def _over(self, task: str, numbers: range, total: int | None, steps: beam.PTransform) -> None:
        runner.run(self._options, self._work, task, numbers, total, self._quiet, lambda n: n | steps)

    def _read(self) -> Route:
        """Reads the source, refuses one that no data set can be made of, and decides what the passes read."""
        source, size = self._source, self._config.shard_records
        parts = source.parts()
        if parts:
            had = read_parts(source, parts, self._work, size, self._over)
        else:
            had = read(source, self._work, size, self._quiet)
        self._numbers, self._drafts, self._seen = had.chunks, had.drafts, had.seen
        for line in told(source.reading.to_json()):
            console(self._quiet).print(line, soft_wrap=True)
        self.rejects.advice = source.advice()
        if not had.seen:
            raise UserError(f"source {source.name} has no posts; expected {source.layout}")
        self.rejects.refuse_too_many(had.seen, ("source",))
        if not had.drafts:
            raise self.rejects.nothing_left(had.seen)
        if self._config.split.method == "published" and not had.training:
            raise UserError(
                "split.method: published, but no post is in a published training split; choose another with "
                f"`--split random`. Source {source.name} expects {source.layout}"
            )
        return Route(self._work, self._config, had.has_sentences)

    def _connote(self, annotator: Annotator) -> dict[str, float]:
        """Gives the posts their connotations; returns what the annotator learned about them."""
        learned: dict[str, float] = {}
        if annotator.reads_posts:
            with progress(self._quiet) as shown:
                bar = shown.add_task("learn", total=self._drafts, note="")
                drafts = (draft for number in self._numbers for draft in self._work.drafts(RAW, number))
                learned = annotator.learn(shown.track(drafts, task_id=bar))
        self._pass("connote", Connote(self._work, self._config.connotations))
        return {f"{STATISTICS}{name}": figure for name, figure in learned.items()}

    def _too_long(self) -> dict[str, float]:
        """How many posts have more sentences than were read for nouns and verbs, where there are any."""
        count = sum(self._work.note(TOO_LONG, number, 0) for number in self._numbers)
        if not count:
            return {}
        longest = f"{self._config.annotate.longest:,} characters (`annotate.longest`)"
        told = f"{count:,} posts: only the first {longest} of their sentences were read for nouns and verbs"
        console(self._quiet).print(told, soft_wrap=True)
        return {TOO_LONG: count}

    def _compare(self, route: Route) -> None:
        """Finds posts that say what another one says."""
        for step in comparisons(route, self._drafts):
            self._pass("compare", step)
        settle(self._work, self._numbers)

    def _collect(self, route: Route, clean: Dataset) -> list[str]:
        """Takes the posts that go with a clean data set; returns its keywords."""
        shards, work = clean.manifest.splits[TRAIN], self._work
        count = WriteKeywords(work, clean, self._config.collect.keywords)
        posts = clean.manifest.records(TRAIN)
        self._over("keywords", range(len(shards)), posts, count)
        self._pass("collect", Collect(route))
        return read_keywords(work)

    def _plan(self) -> tuple[Plan, int]:
        """The split sizes, from the selected posts; and how many links these brought along."""
        notes = [self._work.note("selected", number) for number in self._numbers]
        published = sum((Counter(note["splits"]) for note in notes), Counter())
        self._drafts = published.total()
        if not self._drafts:
            raise self.rejects.nothing_left(self._seen)
        decided = plan(self._config.split, self._drafts, published, self._config.seed)
        return decided, sum(note["links"] for note in notes)
