"""docs/performance.md explains the numbers that `make bench` prints, and no other."""

import re

NUMBER = re.compile(r'^    "([ACFNPRST]\d+[a-z]?)": ', re.MULTILINE)


def test_every_number_is_explained_and_measured_and_no_other(page_of, rows_of, repository):
    explained, _, measured = page_of("docs/performance.md").text.partition("## Measured")
    numbers = NUMBER.findall((repository / "bench" / "run.py").read_text("utf-8"))
    assert [row[0] for row in rows_of(explained)] == numbers
    assert [row[0] for row in rows_of(measured)] == numbers
