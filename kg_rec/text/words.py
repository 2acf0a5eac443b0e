"""Texts as the linker reads them: letters and digits alone, each knowing where it stood.

"Spider-Man", "spider man" and "SPIDERMAN" are one *compact* string, "spiderman"; so are "sci-fi" and "Sci Fi"; and a
Chinese sentence, which has no blanks, is nothing special. What parts words is kept beside the string as borders, so that
a name is found only where words may begin and end, and the very words are found again in the text.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from enum import IntEnum

_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
"""Accents and vowel points: they belong to the letter before them, and people leave them out."""
_VOWEL_SIGNS = "\u3099\u309a\u0900-\u0963\u0966-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Signs without which a word is another word; whole blocks, their letters among them."""
_WORD = re.compile(rf"(?:[^\W_]|[{_MARKS}{_VOWEL_SIGNS}])+|&")
_MARK = re.compile(f"[{_MARKS}]")

_JOINERS = frozenset("'’‘ʼ`´＇-‐‑‒–·・‧.")
"""Between two letters, without a blank, they join parts of one word: Schindler's, sci-fi, E.T., l'été."""

_UNSPACED = (
    "\u3005\u3007\u3040-\u309f\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003ffff"
)
"""Scripts written without blanks (Han, Hiragana, Thai, Lao, Burmese, Khmer): a name may begin or end anywhere."""
_KATAKANA = "\u30a0-\u30ff\uff66-\uff9f"
_PART = re.compile(rf"[{_UNSPACED}]|[{_KATAKANA}]+|[^{_UNSPACED}{_KATAKANA}]+")
_ALONE = re.compile(f"[{_UNSPACED}]")
_HANGUL = re.compile("[\uac00-\ud7af]{2,}")
_PARTICLE = re.compile("(?:[وف]?(?:ال|[بكل]ال|لل|[بكل])|[وف])(?=[\u0620-\u064a]{3})|[ובהלמשכ](?=[\u05d0-\u05ea]{3})")
"""Arabic and Hebrew articles and prepositions, written in one with the word."""

_ROMAN = {
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12",
    "xiii": "13", "xiv": "14", "xvi": "16", "xvii": "17", "xviii": "18", "xix": "19", "xx": "20",
}  # fmt: skip
"""Roman numerals read as numbers wherever they stand; single letters are initials and words, too."""

_PLAIN = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "&": "and",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي",
}  # fmt: skip


class Border(IntEnum):
    """What stands between two letters of the compact string."""

    INSIDE = 0
    """Nothing: the middle of a word."""
    SOFT = 1
    """A name may begin or end here, but a word may also go on: a hyphen, an apostrophe, an unspaced script."""
    HARD = 2
    """A blank or a mark."""


class _Letters(dict[str, str]):
    """Each character as it is compared: without case, accent, width; empty for what is neither letter nor digit."""

    def __missing__(self, character: str) -> str:
        plain = _PLAIN.get(character) or _PLAIN.get(character.lower())
        if plain is None:
            apart = _MARK.sub("", unicodedata.normalize("NFKD", character).casefold())
            whole = unicodedata.normalize("NFC", apart)
            plain = "".join(
                str(unicodedata.decimal(part)) if part.isdecimal() else _PLAIN.get(part, part)
                for part in whole
                if part.isalnum() or unicodedata.category(part).startswith("M")
            )
        self[character] = plain
        return plain


_LETTERS = _Letters()


class Words:
    """A text as one compact string with its borders and the way back.

    compact: letters and digits as they are compared.
    starts, ends: `Border` before each place of `compact`, for a name that begins or ends there; one longer than `compact`.
    tokens: the words, as they are compared; in scripts without blanks, every character is one.
    """

    __slots__ = ("_first", "_last", "compact", "ends", "starts", "text", "token_ends", "token_starts", "tokens")

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        self.token_starts: list[int] = []
        self.token_ends: list[int] = []
        self._first: list[int] = []  # where the letter of each place begins in the text, and where it ends
        self._last: list[int] = []
        self.starts = bytearray()
        self.ends = bytearray()
        done = 0
        for match in _WORD.finditer(text):
            begin, end = match.span()
            joined = begin == done or (end > begin and begin - done == 1 and text[done] in _JOINERS)
            self._read(match.group(), begin, Border.SOFT if joined and self.tokens else Border.HARD)
            done = end
        self.starts.append(Border.HARD)
        self.ends.append(Border.HARD)
        self.compact = "".join(self.tokens)

    def _read(self, piece: str, offset: int, border: Border) -> None:
        if piece.isascii():
            self._token(piece.lower() if piece != "&" else "and", None, offset, offset + len(piece), border)
            return
        for part in _PART.finditer(piece):
            begin = offset + part.start()
            letters = [(_LETTERS[character], begin + number) for number, character in enumerate(part.group())]
            origins = [place for plain, place in letters for _ in plain]
            token = "".join(plain for plain, _ in letters)
            if token:
                self._token(token, origins, begin, offset + part.end(), border)
                border = Border.SOFT

    def _token(self, token: str, origins: list[int] | None, begin: int, end: int, border: Border) -> None:
        token = _ROMAN.get(token, token)
        start = len(self._first)
        size = len(token)
        self.tokens.append(token)
        self.token_starts.append(start)
        self.token_ends.append(start + size)
        if origins is not None and len(origins) == size:
            self._first += origins
            self._last += [place + 1 for place in origins]
            self._last[-1] = end  # the accents after the last letter
        elif size == end - begin:
            self._first += range(begin, end)
            self._last += range(begin + 1, end + 1)
        else:
            self._first += [begin] * size
            self._last += [end] * size
        inside = bytearray(size - 1)
        self.starts.append(border)
        self.ends.append(border)
        self.starts += inside
        self.ends += inside
        if not token.isascii():
            self._soften(token, start)

    def _soften(self, token: str, start: int) -> None:
        """Mark where a name may end before a Korean particle, or begin after an Arabic or Hebrew one."""
        hangul = _HANGUL.match(token)
        if hangul:
            self.ends[start + 2 : start + hangul.end()] = bytes([Border.SOFT]) * (hangul.end() - 2)
        particle = _PARTICLE.match(token)
        if particle:
            self.starts[start + particle.end()] = Border.SOFT

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where places `start` to `end` of the compact string stand in the text."""
        return self._first[start], self._last[end - 1]

    def token_span(self, first: int, last: int) -> tuple[int, int]:
        """Return where tokens `first` to `last` (the latter not included) stand in the text."""
        return self.span(self.token_starts[first], self.token_ends[last - 1])

    def gap(self, token: int) -> str:
        """Return what stands in the text before token number `token`: blanks and marks."""
        begin = self._last[self.token_ends[token - 1] - 1] if token else 0
        end = self._first[self.token_starts[token]] if token < len(self.tokens) else len(self.text)
        return self.text[begin:end]

    def token_at(self, place: int) -> int:
        """Return the number of the token that holds a place of the compact string."""
        return bisect_right(self.token_starts, place) - 1


def normalised(name: str) -> str:
    """Return the words of a name as they are compared, parted by blanks; parts joined by an apostrophe stay one word."""
    if name.isascii():
        words = name.translate(_ASCII).split()
    else:
        name = "".join("" if character in "'’‘ʼ`´＇" else character for character in name)
        words = ["".join(map(_LETTERS.__getitem__, piece)) for piece in _WORD.findall(name)]
    return " ".join([_ROMAN.get(word, word) for word in words if word])


_ASCII = {
    code: chr(code).lower() if chr(code).isalnum() else {"'": "", "`": "", "&": " and "}.get(chr(code), " ")
    for code in range(128)
}


def is_unspaced(text: str) -> bool:
    """Tell whether the text holds a letter of a script that is written without blanks."""
    return not text.isascii() and _ALONE.search(text) is not None
