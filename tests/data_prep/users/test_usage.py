"""Users and who gives which tag: against loops over the posts of training."""

from collections import Counter, defaultdict

from data_prep.config import Split, Words
from data_prep.draft import Draft
from data_prep.split.plan import assigned, plan
from data_prep.split.split import SplitPosts
from data_prep.users.counting import TAG_USERS, USERS, CountUsers, usage_of, vocabulary_of
from data_prep.users.usage import Usage
from data_prep.vocabulary.runs import Counts, run_path
from data_prep.work.chunks import Work
from kerasmm.data.post import Post
from tests.data_prep.world import chunked, run_steps

TAGS = ["sea", "dog", "日本", "never given"]


def counted(folder, drafts, split):
    """The counts of the training split, and the split of each post."""
    work = Work(folder)
    numbers = chunked(work, "selected", drafts, 7)
    decided = plan(split, len(drafts), {}, 0)
    run_steps(work, numbers, lambda n: n | SplitPosts(work, decided))
    run_steps(work, numbers, lambda n: n | CountUsers(work, decided))
    splits = {draft.post.id: split for number in numbers for draft, split in assigned(work, decided, number)}
    users, tag_users = (Counts(run_path(work, kind, 0, n) for n in numbers) for kind in (USERS, TAG_USERS))
    return users, tag_users, splits


def test_users_and_tags_of_the_training_split(tmp_path, rng):
    drafts = []
    for number in range(80):
        user = [None, "", *(f"u{n}" for n in range(9))][rng.integers(11)]
        tags = tuple(rng.choice(TAGS[:3], rng.integers(0, 4), replace=False).tolist())
        drafts.append(Draft(Post(id=str(number), user=user, tags=tags)))
    users, tag_users, splits = counted(tmp_path, drafts, Split())
    training = [draft.post for draft in drafts if splits[draft.post.id] == "train"]
    posts = Counter(post.user for post in training if post.user)
    givers = defaultdict(set)
    for post in training:
        for tag in post.tags:
            givers[tag].add(post.user or "")
    expected = sorted(posts, key=lambda user: (-posts[user], user))
    assert vocabulary_of(users, Words()) == expected
    assert vocabulary_of(users, Words(most=3)) == expected[:3]
    assert vocabulary_of(users, Words(minimum=6)) == [user for user in expected if posts[user] >= 6]
    usage = usage_of(users, tag_users, TAGS)
    frequency = Counter(tag for post in training for tag in post.tags)
    assert usage.tags == [(tag, frequency[tag], len(givers[tag] - {""})) for tag in TAGS]
    assert usage.users == len(posts)
    assert dict(usage.posts_a_user) == Counter(posts.values())
    assert usage.most_common(1)[0][1] == max(frequency.values())
    assert Usage.model_validate_json(usage.model_dump_json()) == usage


def test_a_name_that_is_no_line_of_a_file_is_left_out_of_the_vocabulary(tmp_path):
    names = ["ann", "two\nlines", "a\ttab", "zero\0", "back\r", " spaced ", "\u2028", "Ann"]
    drafts = [Draft(Post(id=str(n), user=name)) for n, name in enumerate(names)]
    users, tag_users, _ = counted(tmp_path, drafts, Split(test=0, validation=0))
    assert vocabulary_of(users, Words()) == [" spaced ", "Ann", "ann", "\u2028"]
    assert usage_of(users, tag_users, []).users == 8
