"""The work folder."""

from data_prep.draft import Reject
from data_prep.work.chunks import Work


def test_rejects_come_in_the_order_of_the_steps_and_of_the_chunks(tmp_path):
    work = Work(tmp_path)
    for step in ("clean", "source"):
        for number in (100_000, 7, 99_999, 10_001):
            work.write_rejects(step, number, [Reject(f"{number}", step, "why"), Reject(f"{number} again", step, "why")])
    found = [(reject.step, reject.where) for reject in work.rejects(["source", "clean", "split"])]
    numbers = ["7", "7 again", "10001", "10001 again", "99999", "99999 again", "100000", "100000 again"]
    assert found == [(step, number) for step in ("source", "clean") for number in numbers]
