"""E-mail addresses, phone numbers and card numbers in a person's words, made unreadable before anything is made of them.

Each character is replaced by one other, so that whatever is found beside them stands where it stood.
"""

from __future__ import annotations

import re

MASK = "•"

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"]+@[^\s@<>()\[\],;:\"]+\.[^\W\d_]{2,}", re.IGNORECASE)
_CARD = re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d-])")
_PHONE = re.compile(
    r"""(?<![\w.,/-])(?:
        \+\d(?:[\s().\-/]{0,2}\d){6,14}                         # +49 (0)30 1234567
        |\(\d{2,5}\)[\s.\-/]?\d(?:[\s.\-/]?\d){4,10}            # (030) 123 45 67
        |0\d(?:[\s.\-/]?\d){7,12}                               # 030/1234567
        |\d{3}[.\-]\d{3}[.\-]\d{4}                              # 555-123-4567
        |\d{3}[ ]\d{3}[ ]\d{4}
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
    # A list of years is as long as a card's number, and now and then has its check digit.
    if all(_YEAR.fullmatch(part) for part in re.split("[ -]", text)):
        return False
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
