"""Lists of titles and nothing else: "Interstellar, Arrival, Her, Moon".

Who writes no more than capitalised entries lists names. A title of everyday words is then as much of a name as the others are,
though no word around it says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kg_rec.text.lexicon import Lexicon
from kg_rec.text.words import Words

_LEAST = 3
"""Entries of a list; two capitalised words with a comma between them stand in any text."""
_END = re.compile(r"[.!?:…。！？：]")
_BETWEEN = re.compile(r"[,;/\n、，；]")
_BULLET = re.compile(r"^[.):]")
_YEAR = re.compile(r"^(?:1[89]|20)\d\d$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list: its tokens, the latter not included, without a number before and a year behind it."""

    first: int
    last: int


def title_lists(words: Words, lexicon: Lexicon) -> list[list[Entry]]:
    """Return the lists of titles in a text, three entries each at the least.

    A list fills a line, a sentence, or what stands behind a colon; its entries are parted by commas, semicolons, slashes, line
    ends, and the words that join. All of an entry's words have capitals, but for those of grammar. German gives capitals to all
    that is named, titles or not, so it has no such lists.
    """
    if lexicon.languages[0] == "de":
        return []
    found = []
    for pieces in _pieces(words, lexicon):
        entries = [_without_year(words, entry) for entry in pieces]
        if len(entries) >= _LEAST and all(_is_title(words, lexicon, entry) for entry in entries):
            found.append(entries)
    return found


def _pieces(words: Words, lexicon: Lexicon) -> list[list[Entry]]:
    """Return what stands between marks that end something, each cut where the parts of a list are."""
    lists: list[list[Entry]] = [[]]
    first = 0

    def close(last: int) -> None:
        if last > first:
            lists[-1].append(Entry(first, last))

    for token in range(len(words.tokens)):
        gap = words.gap(token)
        numbered = token - 1 == first and _is_number(words, first) and _BULLET.match(gap)
        if numbered:
            first = token
        elif _END.search(gap):
            close(token)
            lists.append([])
            first = token
        elif _BETWEEN.search(gap):
            close(token)
            first = token
        if words.tokens[token] in lexicon.joining and _written(words, token).islower():
            close(token)
            first = token + 1
    close(len(words.tokens))
    return lists


def _without_year(words: Words, entry: Entry) -> Entry:
    if entry.last - entry.first > 1 and _YEAR.match(words.tokens[entry.last - 1]):
        return Entry(entry.first, entry.last - 1)
    return entry


def _is_title(words: Words, lexicon: Lexicon, entry: Entry) -> bool:
    capitals = [_written(words, token)[0] for token in range(entry.first, entry.last)]
    return any(letter.isupper() for letter in capitals) and all(
        letter.isupper() or letter.isdigit() or words.tokens[token] in lexicon.function
        for token, letter in enumerate(capitals, start=entry.first)
    )


def _is_number(words: Words, token: int) -> bool:
    """Tell whether a word may number an entry: "1." at the beginning of a line."""
    return words.tokens[token].isdigit() and len(words.tokens[token]) < 3 and (token == 0 or "\n" in words.gap(token))


def _written(words: Words, token: int) -> str:
    return words.text[slice(*words.token_span(token, token + 1))]
