"""Counts in files against `collections.Counter`, and their memory."""

from collections import Counter

from data_prep.config import BuildConfig, Words
from data_prep.vocabulary import runs
from data_prep.vocabulary.runs import Counts, MergeRuns, groups_of, run_path, write_run
from data_prep.vocabulary.vocabulary import COUNTS, Vocabularies, cut, dropped_tags
from data_prep.work.chunks import Work
from kerasmm.settings import validated
from tests.data_prep.world import run_steps
from tests.peak_memory import growth, in_own_process


def test_runs_are_summed_key_by_key(tmp_path, rng):
    work, total = Work(tmp_path), Counter()
    words = ["a", "b", "ä", "日本", "\U0001f436", 'with "signs"\\', "z z"]
    for number in range(5):
        own = Counter({("word", words[n]): int(rng.integers(1, 9)) for n in rng.permutation(7)[: rng.integers(0, 7)]})
        write_run(work, "words", number, {key: [count, 2 * count] for key, count in own.items()})
        total += own
    counts = Counts(run_path(work, "words", 0, number) for number in range(5))
    for _ in range(2):  # as often as is wanted
        assert list(counts) == sorted((key, (count, 2 * count)) for key, count in total.items())


def test_many_runs_are_merged_level_by_level(tmp_path, monkeypatch):
    work = Work(tmp_path)
    for number in range(7):
        write_run(work, "words", number, {(f"only {number}",): [1], ("all",): [number]})
    # Workers have their own module in other processes; here they are threads.
    monkeypatch.setattr(runs, "FAN_IN", 3)
    level, left = 0, 7
    while left > 1:
        run_steps(work, groups_of(left), lambda n, level=level, left=left: n | MergeRuns(work, "words", level, left))
        level, left = level + 1, len(groups_of(left))
    assert level == 2
    expected = [(("all",), (21,)), *(((f"only {number}",), (1,)) for number in range(7))]
    assert list(Counts([run_path(work, "words", level, 0)])) == expected


_WORDS, _KEPT = 250_000, 500


def _growths() -> list[int]:
    """MiB that a cut vocabulary of many words takes, by us and as a dictionary."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder))
        for run in range(2):
            lines = (
                f'[["{run} {number:09d} is a word of some length"], [{1 + number % 1000}, 0, 0]]'
                for number in range(_WORDS // 2)
            )
            work.write_lines(run_path(work, COUNTS, 0, run), lines)
        counts = Counts(run_path(work, COUNTS, 0, run) for run in range(2))
        config = validated(BuildConfig, {"tags": {"most": _KEPT, "drop_most_frequent": 10, "drop_numbers": True}})

        def ours() -> None:
            words = Vocabularies.from_counts(counts, config)
            assert len(words.tags) == _KEPT
            assert dropped_tags(counts, config, words)["tags/beyond_the_vocabulary"] == _WORDS - _KEPT - 10

        return [growth(ours), growth(lambda: cut({word: n for (word,), (n, *_) in counts}.items(), Words()))]


def test_memory_of_a_vocabulary_is_that_of_the_words_that_are_kept():
    ours, all_of_them = in_own_process(_growths)
    print(f"{_WORDS} words, {_KEPT} kept: {ours} MiB; all in one dictionary: {all_of_them} MiB")
    assert all_of_them > 20
    assert ours < 4
