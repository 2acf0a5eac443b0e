"""Greetings and courtesies, which say nothing of what somebody wants, and pull the vector of a short text away from it."""

from __future__ import annotations

import re

from kg_rec.text.lexicon import Lexicon, languages_of, lexicon
from kg_rec.text.words import Words

_SENTENCE_END = re.compile(r"[.!?…。！？；;\n]+")

_ENDING = re.compile(r"(?:[^.!?…。！？；;\n]*[.!?…。！？；;\n]+[\"'”»’)\]》」]*)?")
_NO_FILLERS: frozenset[str] = frozenset()


def strip_small_talk(text: str) -> str:
    """Return `text` without its greetings, and without the sentences that are nothing but conversation.

    "Hi, how are you? I would love a sad western. Thanks!" gives "I would love a sad western." What is left stands as it was
    written; nothing may be left. Capitals inside a sentence and numbers are taken for names, and kept.
    """
    words = Words(text)
    if not words.tokens:
        return ""
    known = lexicon(languages_of(words))
    greeting = _greetings(words, known)
    kept: list[str] = []
    first = 0
    for token in range(1, len(words.tokens) + 1):
        if token < len(words.tokens) and not _SENTENCE_END.search(words.gap(token)):
            continue
        if any(_says_something(words, place, first, greeting, known) for place in range(first, token)):
            start = first
            while start < token and greeting[start]:
                start += 1
            begin = words.token_span(start, token)[0]
            end = words.token_span(token - 1, token)[1]
            end += len(_ENDING.match(words.gap(token))[0])  # type: ignore[index]  # matches always
            before = "" if start > first or first == 0 else _opening(words.gap(first))
            kept.append(before + text[begin : end if token < len(words.tokens) else len(text)].rstrip())
        first = token
    return " ".join(kept).strip()


def _greetings(words: Words, known: Lexicon) -> bytearray:
    found = bytearray(len(words.tokens))
    token = 0
    while token < len(words.tokens):
        phrase = known.small_talk.longest(words.tokens, token, _NO_FILLERS)
        if phrase is None:
            token += 1
            continue
        found[token : phrase[1]] = b"\1" * (phrase[1] - token)
        token = phrase[1]
    return found


def _says_something(words: Words, token: int, first: int, greeting: bytearray, known: Lexicon) -> bool:
    word = words.tokens[token]
    if greeting[token]:
        return False
    if word not in known.function and word not in known.talk:
        return True
    letter = words.text[words.token_span(token, token + 1)[0]]
    return token > first and letter.isupper() and len(word) > 1


def _opening(gap: str) -> str:
    """Return the quotation mark or bracket with which a sentence begins."""
    return gap[len(gap.rstrip("\"'“„«(《「")) :]
