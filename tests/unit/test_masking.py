"""What is made unreadable in words, and what stays."""

from __future__ import annotations

import time

import pytest

from kg_rec.text.masking import MASK, masked


@pytest.mark.parametrize(
    "private",
    [
        "joe@example.org",
        "joe.o'hara+list@mail.example.co.uk",
        "+49 30 1234567",
        "+1 (555) 123-4567",
        "(030) 123 45 67",
        "030/1234567",
        "0151 23456789",
        "555-123-4567",
        "555 123 4567",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5500000000000004",
        "3782 822463 10005",
        "4111.1111.1111.1111",
        "4111  1111  1111  1111",
        "4111\u20111111\u20111111\u20111111",
        "5552345678",
        "12125551234",
        "1-800-555-1234",
        "+49\u201130\u20111234567",
        "(0)30 1234567",
    ],
)
def test_what_is_private_is_masked_and_all_else_stays_in_its_place(private: str) -> None:
    text = f"I like Heat, {private}. Call me!"
    found = masked(text)
    assert found == f"I like Heat, {MASK * len(private)}. Call me!"


@pytest.mark.parametrize(
    "text",
    [
        "2001: A Space Odyssey, 1984, 1917 and 12 Angry Men",
        "1984 2001 1917 2012",  # sixteen digits
        "2001 1984 1917 2049",
        "10,000 BC, 20,000 Leagues, 127 Hours, 8½, 3:10 to Yuma",
        "films of 1990-1999, under 100 minutes, 7.5/10 at least",
        "1234 5678 9012 3456",  # a wrong check digit
        "THX 1138 @ home, user@localhost",
        "007 and 2046",
        "",
        "映画 123456",
    ],
)
def test_numbers_that_mean_something_else_stay(text: str) -> None:
    assert masked(text) == text


WALLS = ["1 ", "0", "+1-", "a@", "a", "a.", "(1", "0-", "1.", "@b.1", "a@b.", "4111 ", "555-", "(0)", "\u2011"]


@pytest.mark.parametrize("wall", WALLS)
@pytest.mark.parametrize("end", ["", "@", "@" + "b.1" * 100])
def test_its_time_grows_with_the_text_and_no_faster(wall: str, end: str) -> None:
    # A pattern that tries every way to part ten thousand characters takes a hundred times as long for ten times as many.
    def seconds(size: int) -> float:
        text = (wall * size)[:size] + end
        best = float("inf")
        for _ in range(3):
            began = time.perf_counter()
            assert len(masked(text)) == len(text)
            best = min(best, time.perf_counter() - began)
        return best

    assert seconds(40_000) < 40 * seconds(4_000) + 0.005
