"""The ways in which the name of an entity is said.

Everything is derived from the name itself and from the words of the languages (kg_rec/text/lexicon.py): the article left
out or behind, brackets, subtitles, numbers as digits, words or Roman, plurals, decades, last names. Forms are as
`normalised` gives them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from kg_rec.text.lexicon import (
    adding_words,
    articles,
    decade_forms,
    number_words,
    numbering_words,
    people_words,
    word_ranks,
)
from kg_rec.text.words import normalised


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """An entity that a text may speak of.

    key, label, name: as in the graph. aliases: further names. year: when it came out, to tell namesakes apart.
    popularity: how many interactions an item has, or relations another entity; decides between namesakes.
    is_item: whether it is something that gets recommended. Items are named; all else may also be paraphrased.
    """

    key: str
    label: str
    name: str
    aliases: tuple[str, ...] = ()
    year: int | None = None
    popularity: float = 0.0
    is_item: bool = False


class Saying(Enum):
    """How a form says a name; the value is how sure it is that the name is meant."""

    FULL = 1.0
    INFLECTED = 0.98
    """In the plural or the singular, or as a decade is said."""
    BARE = 0.97
    """Without its article."""
    NUMBERED = 0.96
    """With its number written in another way."""
    RESPACED = 0.95
    """With its words joined or parted in another way."""
    MISSPELT = 0.9
    """With a slip or two."""
    SHORTENED = 0.88
    """By the beginnings of its two words, or, where it is so short itself, in full."""
    COMPOUNDED = 0.82
    """As a part of a compound."""
    DERIVED = 0.7
    """By another word of the same stem."""
    HEAD = 0.85
    """Without its subtitle, or the part that a series has in common."""
    TAIL = 0.84
    """The subtitle alone."""
    LAST = 0.83
    """The last name of a person."""
    MISSPELT_LAST = 0.75
    """The last name with a slip: .9 of .83."""


Form = tuple[str, Saying]

_BRACKETS = re.compile(r"^(.*\S)\s*[(\[（【]([^()\[\]（）【】]*)[)\]）】]$", re.DOTALL)
_ALSO = re.compile(r"^(?:a\.?\s?k\.?\s?a\.?|also known as)\s*:?\s*", re.IGNORECASE)
_JOINED = re.compile(r"(?<=[^\W_])[-‐‑/.·](?=[^\W_])")
"""A mark that joins two words into one."""
_YEAR = re.compile(r"^(?:1[89]|20)\d\d$")
_ARTICLE_BEHIND = re.compile(r"^(.*\S),\s*([^\s,]{1,5}?)'?$")
_SUBTITLE = re.compile(r"\s*:\s+|\s+[-–—]\s+|\s*：\s*|,?\s+or:?,\s+|\s+or:\s+")
_DECADE = re.compile(r"^(\d\d)(\d0)s?$")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "å": "aa", "ø": "oe"})
_SUFFIXES = frozenset(["jr", "sr", "2", "3", "4"])
_EVERYDAY = 5000
"""Words of a lower rank than this are met every day, in English texts of any kind."""
_CAPITALISED = 0.6
"""Share of the names of a label, at least, that are a few capitalised words where they are those of people."""
_OF_EVERYDAY_WORDS = 0.4
"""Share of those, at most, that begin and end with everyday words: "Historical Fiction", "New York", "Will Smith". Of 2,069
people of films .07 do, of 25 places .64, of 21 genres .86, of 20 bands .3."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def year_in(name: str) -> int | None:
    """Return the year that a name carries in brackets at its end, as "It (2017)"."""
    match = _BRACKETS.match(name.strip())
    return int(match[2]) if match and _YEAR.match(match[2].strip()) else None


class NameForms:
    """Every form of every name.

    forms: for each form, the number of each target it may mean and how it says its name.
    described: the forms of what is neither an item nor a person, each with the numbers of its targets.
    personal: labels whose names are like those of people: called by them, and by no other words.
    """

    def __init__(self, targets: Sequence[LinkTarget]) -> None:
        self.targets = targets
        self.personal = frozenset(_personal_labels(targets))
        self.forms: dict[str, dict[int, Saying]] = {}
        bracketed: defaultdict[str, list[int]] = defaultdict(list)
        series: defaultdict[str, list[int]] = defaultdict(list)
        tails: defaultdict[int, list[str]] = defaultdict(list)
        last_names: defaultdict[str, list[int]] = defaultdict(list)
        for number, target in enumerate(targets):
            for name in (target.name, *target.aliases):
                plain, others = _without_brackets(name)
                self._add(number, _forms_of_name(plain, target, target.label in self.personal))
                for other in others if target.is_item else ():
                    bracketed[other].append(number)
                if target.is_item and (parts := _series(plain)):
                    series[parts[0]].append(number)
                    tails[number].append(parts[1])
                if target.label in self.personal and (last := _last_name(name)) and number not in last_names[last]:
                    last_names[last].append(number)
        for other, numbers in bracketed.items():
            if len(numbers) < 3:  # more have it in common: an edition, a colour, a size, no name
                for number in numbers:
                    self._add(number, _forms_of_name(other, targets[number], False))
        for common, numbers in series.items():
            if len(numbers) > 1 or _is_of_somebody(common, tails[numbers[0]]):
                self._add(self._most_popular(numbers), [(common, Saying.HEAD)])
            if len(numbers) > 1:
                for number in numbers:
                    self._add(
                        number, [(form, Saying.TAIL) for tail in tails[number] for form in _with_and_without(tail)]
                    )
        for last, numbers in last_names.items():
            best = self._most_popular(numbers)
            rest = [targets[number].popularity for number in numbers if number != best]
            if not rest or targets[best].popularity >= 2 * max(*rest, 1.0):
                self._add(best, [(last, Saying.LAST)])
        self._drop_descriptions()
        self.described = self._forms_of_described()

    def _drop_descriptions(self) -> None:
        """Let no subtitle that is a description name its item: "Harbour: The Board Game", in a graph with board games."""
        tails = [form for form, meant in self.forms.items() if Saying.TAIL in meant.values()]
        for form in tails:
            article, _, rest = form.partition(" ")
            bare = rest if article in articles() else form
            if all(self._is_called(number) for number in self.forms.get(bare, ())):
                continue
            meant = self.forms.pop(form)
            if set(meant.values()) != {Saying.TAIL}:
                self.forms[form] = dict(pair for pair in meant.items() if pair[1] is not Saying.TAIL)

    def _is_called(self, number: int) -> bool:
        """Tell whether a target is called by its name, as items and people are, instead of described by it."""
        return self.targets[number].is_item or self.targets[number].label in self.personal

    def _forms_of_described(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for form, meant in self.forms.items():
            numbers = [
                number for number, saying in meant.items() if saying is Saying.FULL and not self._is_called(number)
            ]
            if numbers:
                found[form] = numbers
        return found

    def _add(self, number: int, forms: Iterable[Form]) -> None:
        for form, saying in forms:
            meant = self.forms.setdefault(form, {})
            if number not in meant or meant[number].value < saying.value:
                meant[number] = saying

    def _most_popular(self, numbers: list[int]) -> int:
        return max(numbers, key=lambda number: (self.targets[number].popularity, -number))


def _forms_of_name(name: str, target: LinkTarget, personal: bool) -> Iterator[Form]:
    full = normalised(name)
    if not full:
        return
    yield full, Saying.FULL
    if " + " in name:
        yield normalised(name.replace(" + ", " & ")), Saying.FULL
    if not name.isascii():
        spelt = normalised(name.translate(_UMLAUTS))
        if spelt != full:
            yield spelt, Saying.FULL
    joined = normalised(_JOINED.sub("", name))
    if joined != full and len(joined) > 2 and joined not in word_ranks():
        yield joined, Saying.RESPACED  # AC/DC, k-pop: too short to be known by their letters alone
    words = full.split(" ")
    if len(words) > 1 and _may_lose(words[0], words[1:]):
        yield " ".join(words[1:]), Saying.BARE
    yield from ((form, Saying.NUMBERED) for form in _numbered(words))
    if target.is_item:
        yield from _parts(name)
    elif not personal:
        yield from ((form, Saying.INFLECTED) for form in _inflected(words))


def _without_brackets(name: str) -> tuple[str, list[str]]:
    """Return a name without what stands in brackets at its end, its article in front, and the names in the brackets."""
    name, others = name.strip(), []
    while match := _BRACKETS.match(name):
        name, inside = match[1], _ALSO.sub("", match[2].strip())
        if not _YEAR.match(inside) and len(inside) > 1:
            others.append(_article_in_front(inside))
    return _article_in_front(name), others


def _article_in_front(name: str) -> str:
    match = _ARTICLE_BEHIND.match(name)
    if match and normalised(match[2]) in articles():
        return f"{match[2]}{' ' if not name.endswith(chr(39)) else chr(39)}{match[1]}"
    return name


def _may_lose(article: str, rest: list[str]) -> bool:
    """Tell whether the first word of a name is an article that people leave out.

    "the", "a", "an" always; an article of another language only before a word that is not English ("Die Welle", but
    not "Die Hard").
    """
    if article not in articles() or len("".join(rest)) < 2:
        return False
    return article in {"the", "a", "an"} or not all(word in word_ranks() for word in rest)


def _parts(name: str) -> Iterator[Form]:
    """Yield the parts of a name with subtitles: "Star Wars: Episode IV - A New Hope"."""
    parts = [normalised(part) for part in _SUBTITLE.split(name)]
    parts = [part for part in parts if part]
    if len(parts) < 2:
        return
    head, tail = parts[0], parts[-1]
    if not head.isdigit():
        yield head, Saying.HEAD
        words = head.split(" ")
        if len(words) > 1 and _may_lose(words[0], words[1:]):
            yield " ".join(words[1:]), Saying.HEAD
    if " " in tail and not all(_is_number(word) or word in numbering_words() for word in tail.split(" ")):
        yield tail, Saying.TAIL
    if len(parts) > 2:
        yield f"{head} {tail}", Saying.BARE
        yield f"{head} {parts[1]}", Saying.BARE
    for part in parts[1:]:
        yield from ((form, Saying.NUMBERED) for form in _numbered(f"{head} {part}".split(" ")))


def _numbered(words: list[str]) -> Iterator[str]:
    """Yield a name that has a number in other ways: "rocky v", "rocky 5"; "the godfather part 2", "godfather 2"."""
    if len(words) < 2:
        return
    numbers = number_words()
    shorter = [
        word
        for place, word in enumerate(words)
        if not (place and word in numbering_words() and words[place + 1 : place + 2] and _is_number(words[place + 1]))
    ]
    first = {"the", "a", "an"}
    bare = shorter[1:] if shorter[0] in first and len(shorter) > 2 else shorter
    variants = [shorter, bare, words[1:] if words[0] in first else words]
    for some in (words, shorter, bare):
        variants.append([numbers.get(word, word) if word != "one" else word for word in some])
        if some[-1] in {"v", "x"} and len(some) > 1:
            variants.append([*some[:-1], {"v": "5", "x": "10"}[some[-1]]])
        if len(some) > 2 and some[-1] == "i" and some[-2] in numbering_words():
            variants.append([*some[:-1], "1"])
    if words[-1].isdigit() and words[-2] not in numbering_words() and len(words[-1]) < 3:
        variants += [[*words[:-1], word, words[-1]] for word in _COMMON_NUMBERING]
    if words[-1].isdigit() and words[-2] in numbering_words() and len(words) > 2:
        variants += [[*words[:-2], word, words[-1]] for word in _COMMON_NUMBERING]
    if any(word.isdigit() for variant in (words, *variants) for word in variant):
        spelt = {digits: word for word, digits in reversed(numbers.items())}
        variants += [[spelt.get(word, word) for word in variant] for variant in (words, *variants)]
    for variant in variants:
        if variant != words and variant[1:]:
            yield " ".join(variant)


_COMMON_NUMBERING = ("part", "vol", "volume", "chapter", "episode")


def _is_number(word: str) -> bool:
    return word.isdigit() or word in number_words() or word in {"i", "v", "x"}


def _inflected(words: list[str]) -> Iterator[str]:
    """Yield the plural of a name in the singular and the singular of one in the plural, and a decade as it is said."""
    *front, last = words
    if not front and (decade := _DECADE.match(last)):
        short = [decade[2]] if decade[1] == "19" and decade[2] >= "20" else []
        for said in (decade[1] + decade[2], *short):
            yield from (normalised(form.format(said)) for form in decade_forms())
        if short and (spelt := _SPELT_DECADES.get(decade[2])):
            yield spelt
        return
    if len(last) < 3 or not last.isalpha() or not last.islower():
        return
    start = " ".join([*front, ""])
    yield from (start + ending for ending in (plurals(last) if last.isascii() else ()))
    yield from (start + ending for ending in (singulars(last) if last.isascii() else ()))
    if (
        last not in word_ranks() and last[0] < "\u0250"
    ):  # Latin, not English: Komödie, Komödien; Krimi, Krimis; Roman, Romane
        yield from (start + last + ending for ending in ("n", "en", "e", "s"))


_SPELT_DECADES = {
    "20": "twenties", "30": "thirties", "40": "forties", "50": "fifties", "60": "sixties", "70": "seventies",
    "80": "eighties", "90": "nineties",
}  # fmt: skip


def plurals(word: str) -> list[str]:
    """Return how an English word may read in the plural."""
    if word.endswith("s") and not word.endswith("ss"):
        return []
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return [word[:-1] + "ies", word + "s"]
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return [word + "es"]
    if word.endswith(("man", "men")):
        return [word[:-2] + "en", word[:-2] + "an"]
    if word.endswith(("lf", "rf", "ife")):
        return [word.removesuffix("e")[:-1] + "ves"]
    return {"child": ["children"], "person": ["people"]}.get(word, [word + "s"])


def singulars(word: str) -> list[str]:
    """Return how an English plural may read in the singular; nothing for what is none."""
    if word.endswith("ies") and len(word) > 4:
        return [word[:-3] + "y", word[:-1]]
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return [word[:-2]]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return [word[:-1]]
    return {"children": ["child"], "people": ["person"]}.get(word, [])


def _series(name: str) -> tuple[str, str] | None:
    """Return what a name may have in common with others of a series, and what is its own.

    "harry potter", "the goblet of fire" of "Harry Potter and the Goblet of Fire".
    """
    words = normalised(name).split(" ")
    for place, word in enumerate(words[2:], start=2):
        if word == "and":
            start = words[1:place] if words[0] == "the" and place > 2 else words[:place]
            return " ".join(start), " ".join(words[place + 1 :])
    return None


def _is_of_somebody(common: str, tails: list[str]) -> bool:
    """Tell whether a name is somebody's and those with them: "nick cave" and "the bad seeds"; not "beauty" and "the beast"."""
    return " " in common and any(tail.split(" ")[0] in articles() for tail in tails)


def _with_and_without(tail: str) -> Iterator[str]:
    """Yield a part of a name of two words or more, and the same without its article."""
    words = tail.split(" ")
    if len(words) > 1:
        yield tail
    if len(words) > 2 and _may_lose(words[0], words[1:]):
        yield " ".join(words[1:])


def _last_name(name: str) -> str | None:
    """Return the last name of a person where it is rare enough to stand for the person."""
    words = normalised(name).split(" ")
    while len(words) > 2 and words[-1] in _SUFFIXES:
        words.pop()
    if len(words) < 2 or len(words[-1]) < 4 or not words[-1].isalpha():
        return None
    rank = word_ranks().get(words[-1])
    return words[-1] if rank is None or rank > _EVERYDAY else None


def _personal_labels(targets: Sequence[LinkTarget]) -> Iterator[str]:
    """Yield the labels whose names are those of people, or are like them.

    Most are two to four capitalised words. So are genres and places in some graphs ("Science Fiction", "New York"), but those
    are made of everyday words. Where people are, too (John Smith, Mary Young), the label has to say so, as "Author".
    """
    names: defaultdict[str, list[str]] = defaultdict(list)
    for target in targets:
        if not target.is_item:
            names[target.label].append(target.name)
    for label, some in names.items():
        capitalised = [name for name in some if _is_capitalised(name)]
        if len(capitalised) <= _CAPITALISED * len(some):
            continue
        everyday = sum(map(_is_of_everyday_words, capitalised))
        if everyday <= _OF_EVERYDAY_WORDS * len(capitalised) or _is_called_people(label):
            yield label


def _is_capitalised(name: str) -> bool:
    """Tell whether a name is two to four words, the first and last with capitals, nothing joined: no "Home & Kitchen"."""
    words = name.split()
    return (
        1 < len(words) < 5
        and words[0][0].isupper()
        and words[-1][0].isupper()
        and words[0].lower() not in articles()
        and not any(word in "&/+" or word.lower() in adding_words() for word in words)
    )


def _is_of_everyday_words(name: str) -> bool:
    words = normalised(name).split(" ")
    return all(word_ranks().get(word, _EVERYDAY) < _EVERYDAY for word in (words[0], words[-1]))


def _is_called_people(label: str) -> bool:
    last = normalised(_CAMEL.sub(" ", label)).split(" ")[-1]
    return any(word in people_words() for word in (last, *singulars(last)))
