"""E-mail addresses, phone numbers and card numbers in a person's words, made unreadable before anything is made of them.

Each character is replaced by one other, so that whatever is found beside them stands where it stood.
"""

from __future__ import annotations

import re

MASK = "•"

_GAP = r"[\s.\-/\u2010-\u2015\u2212]"
"""What stands between the digits of a number; all hyphens and dashes."""
# Each part is bounded, and begins where a word does: a text of ten thousand characters is read in a time that grows with it.
_EMAIL = re.compile(
    r"""(?<![^\s@<>()\[\],;:"]) [^\s@<>()\[\],;:"]{1,64}+ @ (?:[^\s@<>()\[\],;:".]{1,63}+ \.){1,8} [^\W\d_]{2,63}""",
    re.VERBOSE,
)
_CARD = re.compile(rf"(?<![\d.,-])(?:\d{{13,19}}|\d{{4}}(?:{_GAP}{{1,2}}\d{{3,6}}){{2,4}})(?![\d-])")
_PHONE = re.compile(
    rf"""(?<![\w.,/-])(?:
        \+\d(?:(?:{_GAP}|[()]){{0,3}}\d){{6,14}}                     # +49 (0)30 1234567
        |\(\d{{1,5}}\){_GAP}?\d(?:{_GAP}?\d){{4,10}}                 # (030) 123 45 67
        |0\d(?:{_GAP}?\d){{7,12}}                                    # 030/1234567
        |(?:1{_GAP})?\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{4}}                # 555-123-4567
        |1?[2-9]\d{{2}}[2-9]\d{{6}}                                 # 5552345678
    )(?![\w-])""",
    re.VERBOSE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")


def masked(text: str) -> str:
    """Return `text`, as long as it was, without e-mail addresses, phone numbers and card numbers (ISO/IEC 7812)."""
    for pattern in (_EMAIL, _CARD, _PHONE):
        text = pattern.sub(lambda match: _masked(match, pattern is _CARD), text)  # noqa: B023 - called at once
    return text


def _masked(match: re.Match[str], card: bool) -> str:
    found = match.group()
    if card and not _is_card(found):
        return found
    return MASK * len(found)


def _is_card(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    if not 13 <= len(digits) <= 19:
        return False
    # A list of years is as long as a card's number, and now and then has its check digit.
    if all(_YEAR.fullmatch(part) for part in re.split(f"{_GAP}+", text)):
        return False
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
