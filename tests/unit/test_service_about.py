"""Names in the sentences that the page begins with."""

from __future__ import annotations

import pytest

from kg_rec.service.about import _NOUN, _as_said


@pytest.mark.parametrize(
    "name", ["loneliness", "childhood", "friendship", "poverty", "board games", "Politics", "religion"]
)
def test_what_needs_no_article_stands_after_about(name: str) -> None:
    assert _NOUN.search(name)


@pytest.mark.parametrize(
    "name", ["slow-paced", "atmospheric", "funny", "true story", "epic", "religious", "France", "dark"]
)
def test_what_reads_badly_after_about_does_not(name: str) -> None:
    assert not _NOUN.search(name)


def test_names_are_written_small_where_others_write_their_words_so() -> None:
    common = {"dark", "comedy", "new"}
    assert _as_said("Comedy", common) == "comedy" and _as_said("Dark Comedy", common) == "dark comedy"
    assert _as_said("Japan", common) == "Japan" and _as_said("New York", common) == "New York"
