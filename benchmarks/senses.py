"""Whether a tag with a meaning a group of users finds the pictures that each user means: the planted tag `cool` of `shapes`.

    python -m data_prep build --source shapes --output data/shapes --features efficientnet_lite0@pooled
    python -m kerasmm.fit --model hashtag --data data/shapes --run runs/shapes --no-export --config few_posts
    python benchmarks/senses.py --data data/shapes --run runs/shapes

Each user asks for the tag; right is a picture of the test split of which the rule holds that the user's group has for it, as
`truth.jsonl` says. Beside it: the same tag asked by nobody, of the stage without users, and how many pictures each rule holds of.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

from kerasmm.data.dataset import Dataset
from kerasmm.draw import TrainedRun
from kerasmm.runs.run import read_run
from kerasmm.systems.hashtag.scores import first_pictures
from kerasmm.systems.sheets import Photos

TAG = "cool"
RULES = {
    "it is night": lambda truth: truth.background == "night",
    "something is blue": lambda truth: any(thing.colour == "blue" for thing in truth.things),
    "something is striped": lambda truth: any(thing.texture == "striped" for thing in truth.things),
}
"""By what `truth.json` calls them."""


def main() -> None:
    from data_prep.sources.shapes.truth import read_posts, read_world

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a build of `shapes`")
    parser.add_argument("--run", type=Path, required=True, help="a run of hashtag on it, with users")
    parser.add_argument("-k", type=int, default=10, help="pictures beside the first (default: 10)")
    options = parser.parse_args()
    dataset, world, truths = Dataset(options.data), read_world(options.data), read_posts(options.data)
    system, content = read_run(options.run)
    run = TrainedRun(options.run, system, options.data, content=content)
    posts = list(dataset.posts("test"))
    photos = Photos(dataset, "test", dict(enumerate(posts)))
    tag = system.vocabularies["tags"].index(TAG)
    meant = {name: RULES[group[TAG]] for name, group in world["groups"].items()}
    holds = {name: [rule(truths[post.id]) for post in posts] for name, rule in meant.items()}

    asked = [(tag, user) for user in range(len(system.users))]
    by_user = first_pictures(run, "best", photos, asked, options.k)
    (by_all,) = first_pictures(run, "agnostic", photos, [(tag, -1)], options.k)
    right = defaultdict(list)
    for name, rows in zip(system.users, by_user, strict=True):
        group = world["users"][name]
        right[group].append([holds[group][row] for row in rows])
    print(f"{'group':12} {'users':>5} {'first right':>12} {f'of {options.k}':>8} {'nobody asks':>12} {'chance':>8}")
    groups = [*right, "all"]
    right["all"] = [found for group in [*right] for found in right[group]]
    for group in groups:
        found = right[group]
        first, best = sum(one[0] for one in found) / len(found), sum(map(sum, found)) / sum(map(len, found))
        others = [g for g in holds if group in (g, "all")]
        nobody = sum(holds[g][row] for g in others for row in by_all) / len(by_all) / len(others)
        chance = sum(sum(holds[g]) for g in others) / len(posts) / len(others)
        print(f"{group:12} {len(found):5} {first:12.1%} {best:8.1%} {nobody:12.1%} {chance:8.1%}")


if __name__ == "__main__":
    main()
