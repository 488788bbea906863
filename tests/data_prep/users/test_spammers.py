"""Who gives too many tags: against a loop over each user's posts."""

from collections import defaultdict

from data_prep.config import BuildConfig
from data_prep.draft import Draft, Reject
from data_prep.route import Route
from data_prep.users.spammers import Spam, Spammers, count_spammers
from data_prep.work.chunks import Work
from kerasmm.data.post import Post
from kerasmm.settings import validated
from tests.data_prep.world import chunked, run_steps


def left_out(folder, drafts, most, size=7):
    """Ids of the posts that are left out, their reasons, and how many users they are by."""
    work = Work(folder)
    route = Route(work, validated(BuildConfig, {"tags": {"per_post": most}, "needs": ["tags"]}))
    numbers = chunked(work, "clean", drafts, size)
    run_steps(work, numbers, lambda n: n | Spammers(route))
    told = [(draft, Spam(route, number)(draft)) for number in numbers for draft in work.drafts("clean", number)]
    rejects = [done for _, done in told if isinstance(done, Reject)]
    assert all(done is draft for draft, done in told if isinstance(done, Draft))
    return {reject.where for reject in rejects}, {reject.reason for reject in rejects}, count_spammers(work, numbers)


def tagged(post_id, user, tags):
    return Draft(Post(id=post_id, user=user, tags=tuple(f"t{n}" for n in range(tags))))


def test_the_mean_is_over_all_posts_of_a_user(tmp_path, rng):
    drafts = [tagged(f"{n}", f"u{rng.integers(9)}", int(rng.integers(1, 12))) for n in range(60)]
    sizes = defaultdict(list)
    for draft in drafts:
        sizes[draft.post.user].append(len(draft.post.tags))
    expected = {user for user, each in sizes.items() if sum(each) / len(each) > 6}
    posts, _, users = left_out(tmp_path, drafts, 6)
    assert posts == {draft.post.id for draft in drafts if draft.post.user in expected}
    assert users == len(expected)


def test_as_many_as_allowed_are_not_too_many_and_nobody_is_no_user(tmp_path):
    drafts = [
        *(tagged(f"even {n}", "even", tags) for n, tags in enumerate((30, 0, 15))),  # a post without tags can't qualify
        tagged("within", "within", 15),
        tagged("spam", "spammer", 16),
        tagged("also", "other", 40),
        tagged("nobody's", None, 99),
        tagged("no name", "", 99),
    ]
    posts, reasons, users = left_out(tmp_path, drafts, 15, size=2)
    assert posts == {"spam", "also", "even 0", "even 1", "even 2"} and users == 3
    assert reasons == {"by a user of more than 15 tags a post"}


def test_nobody_is_left_out_unless_asked_for(tmp_path):
    route = Route(Work(tmp_path), BuildConfig())
    draft = tagged("1", "spammer", 99)
    assert not route.spammers and Spam(route, 0)(draft) is draft
