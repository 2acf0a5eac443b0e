"""Which entities a text names, and where.

All forms of all names (kg_rec/text/names.py) are looked for at once, by an Aho-Corasick automaton over compact strings.
What is found is then judged: a year beside it tells namesakes apart, and a name made of everyday words is believed only
where the writing shows that a name is meant. The longest believed one wins where several overlap.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import ahocorasick

from kg_rec.text.derivations import Derivations
from kg_rec.text.lexicon import Lexicon, word_ranks
from kg_rec.text.misspellings import Misspellings
from kg_rec.text.names import LinkTarget, NameForms, Saying, plurals, singulars
from kg_rec.text.title_lists import Entry, title_lists
from kg_rec.text.words import Border, Words, is_unspaced, normalised

_BRACKETED_YEAR = re.compile(r"(?:['’]?s\b)?[!?.…]*[\"”»'’]?\s{0,3},?\s{0,3}[(\[（]\s*((?:1[89]|20)\d\d)\s*[)\]）]")
_BARE_YEAR = re.compile(r"[\"”»'’]?\s{0,2},?\s{1,2}(?:from |of |in |aus |von |de )?((?:1[89]|20)\d\d)\b(?!s\b|'s\b)")
_OPEN_BRACKET = re.compile(r"[(\[（]")
_TITLE_END = re.compile(r"[.!?;…。！？；\n()\[\]（）]")
_OPENING, _CLOSING = "\"“”„«»‹›《〈「『‘'*_", "\"”“«»‹›》〉」』’'*_"
_EVERYDAY, _UNHEARD = 3000, 100_000
_HEAD = 0.8
"""What the head of a description counts: "comedy" in "romantic comedy"."""
_IN_FULL = 0.3
"""How much of the way from the least to the most popular item a name said in full makes up for."""
_SHORTEST_MISSPELT = {Saying.TAIL: 12, Saying.INFLECTED: 8}
_SHORTEST_MISSPELT_LAST = 7
_PHRASE_END = re.compile(r"[.!?:;,…。！？；，、()\[\]\n]")
_SENTENCE_END = re.compile(r"[.!?:;…。！？；\n]")

# Bits of surprise: how unlikely it is that the words of a name come together without the name being meant.
_ENOUGH = 12.9
_MOST = 16.0
_PER_LETTER = 3.0
_PER_SIGN = 6.5
"""Of a word of letters and digits, as U2."""
_PER_FOREIGN_LETTER = 2.2
_PER_HAN = 5.0
_PER_KANA = 3.7
_FURTHER_WORD = 0.6
"""Words of one phrase are not independent: each beyond the most surprising one counts this much."""
_YEAR, _NEAR_YEAR, _QUOTED, _CAPITALS, _CUE, _LISTED, _ALONE = 20.0, 8.0, 12.0, 6.0, 4.0, 4.0, 6.0
_WRITTEN_AS_TITLE = 9.0
"""All of the text is a name and written as one, or it stands in a list of titles: then words of grammar are enough, too."""
_SMALL_LETTERS, _DESCRIBED, _PART, _BARE = -2.0, -5.0, -12.0, -4.0


@dataclass(frozen=True, slots=True)
class Meaning:
    """One entity that the words may mean, and how sure that is."""

    target: LinkTarget
    score: float
    part: tuple[int, int] | None = None
    """Where in the compact string the words for it stand, if not all of the mention is for it."""


@dataclass(slots=True)
class Mention:
    """Words of the text that name entities.

    start, end: in the compact string. first, last: tokens, the latter not included.
    """

    start: int
    end: int
    first: int
    last: int
    meanings: list[Meaning] = field(default_factory=list)


@dataclass(slots=True)
class _Candidate:
    start: int
    end: int
    first: int
    last: int
    meant: dict[int, Saying]
    year: int | None = None
    """The year in brackets behind it."""

    @property
    def tokens(self) -> Entry:
        return Entry(self.first, self.last)


@dataclass(slots=True)
class _TitleList:
    """A list of titles. all_items: all entries are names of items, and more than words of grammar and talk."""

    entries: list[Entry]
    all_items: bool
    sure: int = 0
    """Entries that are, or end with, an item that was found."""

    def count(self, chosen: Iterable[Mention]) -> None:
        named = {
            token
            for mention in chosen
            if any(meaning.target.is_item for meaning in mention.meanings)
            for token in range(mention.first, mention.last)
        }
        self.sure = sum(entry.last - 1 in named for entry in self.entries)


class NameFinder:
    """Finds the names of `forms` in texts.

    item_words: what an item is called by kind, as "movie"; never the name of something else.
    """

    def __init__(self, forms: NameForms, item_words: frozenset[str] = frozenset()) -> None:
        self.targets = forms.targets
        self.forms = forms.forms
        self.personal = forms.personal
        self.item_words = item_words
        self._automaton = ahocorasick.Automaton()
        found: dict[str, list[str]] = {}
        for form in forms.forms:
            found.setdefault(form.replace(" ", ""), []).append(form)
        for compact, some in found.items():
            self._automaton.add_word(compact, (len(compact), some))
        self._automaton.make_automaton()
        self._by_compact = found
        self._derivations = Derivations(forms.described, forms.targets)
        self._standing = _standings(forms.targets)
        self._misspellings = Misspellings(
            compact
            for compact, some in found.items()
            if any(_may_be_misspelt(compact, saying) for form in some for saying in self.forms[form].values())
        )
        self._misspelt_last_names = Misspellings(
            compact
            for compact, some in found.items()
            if len(compact) >= _SHORTEST_MISSPELT_LAST
            and any(saying is Saying.LAST for form in some for saying in self.forms[form].values())
        )

    def find(self, words: Words, lexicon: Lexicon) -> list[Mention]:
        """Return the names in a text, in its order, none overlapping another.

        Words that name something which is no target come as mentions without meanings.
        """
        reading = _Reading(words, lexicon, self.item_words)
        candidates = _merged(
            [*self._candidates(words), *self._misspelt(words, lexicon), *self._derived(words, lexicon)]
        )
        for candidate in candidates:
            candidate.year = reading.year_behind(candidate)
            if any(self.targets[n].is_item for n in candidate.meant) and reading.surprise(candidate) >= _ENOUGH:
                reading.covered.update(range(candidate.first, candidate.last))
        chosen: list[Mention] = []
        taken = bytearray(len(words.compact))
        for start, end in reading.titles_with_years():
            # "Holiday Nights (2017)", which no target is: its words name nothing else either.
            if not any(c.end == end and self._fits_year(c) for c in candidates):
                taken[start:end] = b"\1" * (end - start)
                chosen.append(Mention(start, end, words.token_at(start), words.token_at(end - 1) + 1))
        waiting = sorted(candidates, key=_preference)
        lists = self._title_lists(candidates, reading)
        titles = {entry: some for some in lists for entry in some.entries}
        doubtful = bytearray(len(words.compact))
        for candidate in waiting:
            if self._may_be_item(candidate, reading, candidate.tokens in titles):
                doubtful[candidate.start : candidate.end] = b"\1" * (candidate.end - candidate.start)
        # First what is sure; then names of everyday words in one list with those, which makes others of the list surer; then
        # what else the words may mean.
        listed = others = False
        refused: dict[int, tuple[float, bool, _Candidate]] = {}
        while True:
            rest, known = [], len(chosen)
            for some in lists:
                some.count(chosen)
            for candidate in waiting:
                if any(taken[candidate.start : candidate.end]):
                    continue
                sure = others or not any(doubtful[candidate.start : candidate.end])
                beside = self._beside(candidate, titles.get(candidate.tokens), reading, chosen) if listed else 0.0
                believed = self._believed(candidate, reading, chosen)
                told = beside, sure, believed
                mention = None
                if believed.meant and refused.get(id(candidate)) != told:  # it would be refused again
                    mention = self._judged(believed, reading, beside, sure)
                if mention is None:
                    refused[id(candidate)] = told
                    rest.append(candidate)
                    continue
                taken[candidate.start : candidate.end] = b"\1" * (candidate.end - candidate.start)
                chosen.append(mention)
            waiting = rest
            if others:
                break
            listed, others = True, listed and len(chosen) == known
        for mention in chosen:
            self._add_heads(mention, candidates, reading)
        chosen += (Mention(*place) for place in reading.unknown_names(taken))
        return sorted(chosen, key=lambda mention: mention.start)

    def _candidates(self, words: Words) -> Iterator[_Candidate]:
        if not self.forms:
            return  # an automaton without any words cannot be asked
        starts, ends = words.starts, words.ends
        for place, (size, forms) in self._automaton.iter(words.compact):
            end = place + 1
            start = end - size
            if not starts[start] or not ends[end]:
                continue
            if starts[start] == Border.SOFT and ends[start + 1] and not is_unspaced(words.compact[start]):
                continue  # one letter behind an apostrophe begins no name: "don't I" is not T.I.
            meant: dict[int, Saying] = {}
            for form in forms:
                alike = _writing(form, words, start, end)
                if alike is None:
                    continue
                for number, saying in self.forms[form].items():
                    said = saying if alike or saying.value < Saying.RESPACED.value else Saying.RESPACED
                    if number not in meant or meant[number].value < said.value:
                        meant[number] = said
            if meant:
                yield _Candidate(start, end, words.token_at(start), words.token_at(end - 1) + 1, meant)

    def _misspelt(self, words: Words, lexicon: Lexicon) -> Iterator[_Candidate]:
        for first, last, compacts in self._misspellings.find(words, lexicon):
            meant = {
                number: Saying.MISSPELT
                for compact in compacts
                for form in self._by_compact[compact]
                for number, saying in self.forms[form].items()
                if _may_be_misspelt(compact, saying)
            }
            yield _Candidate(words.token_starts[first], words.token_ends[last - 1], first, last, meant)
        for first, last, compacts in self._misspelt_last_names.find(words, lexicon):
            meant = {
                number: Saying.MISSPELT_LAST
                for compact in compacts
                for form in self._by_compact[compact]
                for number, saying in self.forms[form].items()
                if saying is Saying.LAST
            }
            yield _Candidate(words.token_starts[first], words.token_ends[last - 1], first, last, meant)

    def _derived(self, words: Words, lexicon: Lexicon) -> Iterator[_Candidate]:
        for first, last, number, saying in self._derivations.find(words, lexicon):
            yield _Candidate(words.token_starts[first], words.token_ends[last - 1], first, last, {number: saying})

    def _add_heads(self, mention: Mention, candidates: Sequence[_Candidate], reading: _Reading) -> None:
        """Add what the last words of a description name by themselves: a romantic comedy is a comedy, too."""
        if not mention.meanings or any(self._is_called(meaning.target) for meaning in mention.meanings):
            return
        # A hyphen makes another word: post-punk is no punk. What no language knows makes a name: the Coen brothers are no brothers.
        hard = reading.words.starts
        if not all(map(reading.is_known, reading.words.tokens[mention.first : mention.last])):
            return
        heads = [
            c for c in candidates if c.end == mention.end and mention.start < c.start and hard[c.start] == Border.HARD
        ]
        for candidate in heads:
            for number, saying in candidate.meant.items():
                target = self.targets[number]
                if not self._is_called(target) and reading.is_subject(candidate, target):
                    part = (candidate.start, candidate.end)
                    mention.meanings.append(Meaning(target, _HEAD * saying.value, part))

    def _is_called(self, target: LinkTarget) -> bool:
        """Tell whether the target is called by its name, as items and people are, instead of described by it."""
        return target.is_item or target.label in self.personal

    def _believed(self, candidate: _Candidate, reading: _Reading, chosen: list[Mention]) -> _Candidate:
        """Return the candidate without misspelt last names, unless it stands in a list with somebody who is named for sure.

        A last name alone says little, and a slip makes it less; "Tarantino, scorcese and Nolan" says enough.
        """
        if Saying.MISSPELT_LAST not in candidate.meant.values():
            return candidate
        if reading.is_listed(candidate, chosen, lambda target: target.label in self.personal):
            return candidate
        return replace(
            candidate,
            meant={number: saying for number, saying in candidate.meant.items() if saying is not Saying.MISSPELT_LAST},
        )

    def _fits_year(self, candidate: _Candidate) -> bool:
        targets = [self.targets[number] for number in candidate.meant]
        return any(target.is_item and _is_near(candidate.year, target.year) for target in targets)

    def _may_be_item(self, candidate: _Candidate, reading: _Reading, in_titles: bool) -> bool:
        """Tell whether an item is meant if the words stand in a list with another; in_titles: of titles alone."""
        if not any(self.targets[number].is_item for number in candidate.meant):
            return False
        most = _WRITTEN_AS_TITLE if in_titles else _LISTED
        return -most <= reading.surprise(candidate) + reading.cues(candidate) - _ENOUGH < 0

    def _title_lists(self, candidates: Sequence[_Candidate], reading: _Reading) -> list[_TitleList]:
        """Return the lists of titles; one of whose entries is something else for sure, as a genre, is none."""
        if not (lists := title_lists(reading.words, reading.lexicon)):
            return []
        meant: dict[Entry, list[LinkTarget]] = {}
        for candidate in candidates:
            targets = [self.targets[number] for number in candidate.meant]
            meant.setdefault(candidate.tokens, []).extend(targets)
        found = []
        for entries in lists:
            targets_of = [meant.get(entry, []) for entry in entries]
            if all(any(map(self._is_called, targets)) for targets in targets_of if targets):
                all_items = all(any(target.is_item for target in targets) for targets in targets_of)
                plain = all(reading.is_plain(entry.first, entry.last) for entry in entries)
                found.append(_TitleList(entries, all_items and not plain))
        return found

    def _beside(
        self, candidate: _Candidate, titles: _TitleList | None, reading: _Reading, chosen: list[Mention]
    ) -> float:
        """Return what it says for an item being meant that the words stand in a list with items, in bits.

        In a list of titles one other that is sure is enough, or two where the word is one of talk ("Thanks, Inception, Her"); or
        that all entries are names of items, and not all of them words of grammar and talk.
        """
        if titles is not None and (titles.all_items or titles.sure > reading.is_talk(candidate.first, candidate.last)):
            return _WRITTEN_AS_TITLE
        return _LISTED if reading.is_listed(candidate, chosen, lambda target: target.is_item) else 0.0

    def _judged(self, candidate: _Candidate, reading: _Reading, beside: float, others_too: bool) -> Mention | None:
        """Return what the words mean; without meanings where they name something that is not here; None for nothing.

        beside: bits for an item being meant, from the list they stand in. others_too: they may mean another entity than an item.
        """
        items, others = [], []
        wrong_year = False
        for number, saying in candidate.meant.items():
            target = self.targets[number]
            if not target.is_item:
                others.append((target, saying))
            elif not _is_near(candidate.year, target.year):
                wrong_year = True
            else:
                items.append((target, saying))
        if candidate.year and not items:
            return self._mention(candidate, []) if wrong_year else None
        items = self._best_namesake(items, candidate.year or reading.year_near(candidate))
        surprise = reading.surprise(candidate)
        cues = reading.cues(candidate) + beside
        bare = _BARE if items and items[0][1] is Saying.BARE else 0.0
        if items and surprise + cues + bare >= _ENOUGH and self._is_item(items[0], others, candidate, reading, cues):
            return self._mention(candidate, items)
        meanings = [
            (target, saying)
            for target, saying in others
            if others_too
            and (
                saying is Saying.FULL or not reading.is_part_of_name(candidate)
            )  # "Frances McDormand" is not of France
            and (surprise + cues >= _ENOUGH if target.label in self.personal else reading.is_subject(candidate, target))
        ]
        return self._mention(candidate, meanings) if meanings else None

    def _is_item(
        self,
        item: tuple[LinkTarget, Saying],
        others: list[tuple[LinkTarget, Saying]],
        candidate: _Candidate,
        reading: _Reading,
        cues: float,
    ) -> bool:
        """Tell whether an item is meant rather than another entity of the same name.

        A year or quotation marks say so; capitals do where the other is not written with capitals itself; else the more
        popular one is meant.
        """
        if not others or candidate.year or cues >= _QUOTED or reading.is_called_item(candidate):
            return True
        if reading.is_described(candidate):
            return False
        other = max((target for target, _ in others), key=lambda target: self._standing[target.key])
        if cues >= _CAPITALS and not other.name[:1].isupper():
            return True
        return self._standing[item[0].key] > self._standing[other.key]

    def _best_namesake(
        self, items: list[tuple[LinkTarget, Saying]], year: int | None
    ) -> list[tuple[LinkTarget, Saying]]:
        """Return the item that is meant among those of one name: by its year, how the name is said, and its popularity."""

        def fitness(meant: tuple[LinkTarget, Saying]) -> tuple[float, float, float, str]:
            target, saying = meant
            off = abs(year - target.year) if year and target.year else 2
            # A name said in full goes before part of a name, unless that is far better known.
            known = self._standing[target.key] + (_IN_FULL if saying.value > Saying.HEAD.value else 0.0)
            return (-min(off, 2), known, saying.value, target.key)

        return [max(items, key=fitness)] if items else []

    def _mention(self, candidate: _Candidate, meant: Iterable[tuple[LinkTarget, Saying]]) -> Mention:
        meanings = [Meaning(target, saying.value) for target, saying in meant]
        return Mention(candidate.start, candidate.end, candidate.first, candidate.last, meanings)


def _writing(form: str, words: Words, start: int, end: int) -> bool | None:
    """Tell whether the text parts the words of a name as the name does; None where it does in a way nobody writes it.

    "spiderman" is Spider-Man, "robo cop" is RoboCop; but "now here" is not Nowhere, nor "therapist" The Rapist.
    """
    inside = words.starts[start + 1 : end]
    text_parts = {place for place, border in enumerate(inside, start=1) if border}
    form_parts, place = set(), 0
    for word in form.split(" ")[:-1]:
        place += len(word)
        form_parts.add(place)
    split = any(inside[place - 1] == Border.HARD for place in text_parts - form_parts)
    if (form_parts <= text_parts and not split) or is_unspaced(form):
        return True
    if form_parts - text_parts and (end - start < 5 or words.compact[start:end] in word_ranks()):
        return None
    if split:
        tokens = words.tokens[words.token_at(start) : words.token_at(end - 1) + 1]
        everyday = [word_ranks().get(token, _UNHEARD) < _EVERYDAY for token in tokens]
        if end - start < 6 or all(everyday) or any(len(token) < 3 for token in tokens):
            return None
    return False


def _may_be_misspelt(compact: str, saying: Saying) -> bool:
    """Tell whether a form is still known with a slip in it: no last name, and no short form that is only derived."""
    return saying is not Saying.LAST and len(compact) >= _SHORTEST_MISSPELT.get(saying, 0)


def _preference(candidate: _Candidate) -> tuple[int, float, int]:
    """Order candidates: the longest first; of one length, those said as the name is."""
    return (
        candidate.start - candidate.end,
        -max(saying.value for saying in candidate.meant.values()),
        candidate.start,
    )


def _is_near(said: int | None, year: int | None) -> bool:
    return said is None or year is None or abs(said - year) <= 1


def _standings(targets: Sequence[LinkTarget]) -> dict[str, float]:
    """Return which share of its kind (items, or all else) each target is more popular than, ties counted by half."""
    found: dict[str, float] = {}
    for is_item in (True, False):
        some = [target for target in targets if target.is_item == is_item]
        ordered = sorted(target.popularity for target in some)
        for target in some:
            below = bisect_left(ordered, target.popularity)
            above = bisect_right(ordered, target.popularity, lo=below)
            found[target.key] = (below + above) / (2 * len(ordered))
    return found


def _merged(candidates: list[_Candidate]) -> list[_Candidate]:
    """Return the candidates with those for the same words made one; each target is said in the surest way."""
    found: dict[tuple[int, int], _Candidate] = {}
    for candidate in candidates:
        other = found.setdefault((candidate.start, candidate.end), candidate)
        for number, saying in candidate.meant.items():
            if number not in other.meant or other.meant[number].value < saying.value:
                other.meant[number] = saying
    return list(found.values())


class _Reading:
    """A text under judgement: how it is written, and what stands around a candidate."""

    def __init__(self, words: Words, lexicon: Lexicon, item_words: frozenset[str]) -> None:
        self.words = words
        self.lexicon = lexicon
        self.item_words = item_words
        self._capitals_tell: bool | None = None
        self._is_english: bool | None = None
        self.covered: set[int] = set()
        """Tokens that are part of a name which could be meant."""

    def year_behind(self, candidate: _Candidate) -> int | None:
        """Return the year in brackets right behind the words."""
        match = _BRACKETED_YEAR.match(self.words.text, self.words.span(candidate.start, candidate.end)[1])
        return int(match[1]) if match else None

    def year_near(self, candidate: _Candidate) -> int | None:
        """Return the year without brackets right behind the words."""
        match = _BARE_YEAR.match(self.words.text, self.words.span(candidate.start, candidate.end)[1])
        return int(match[1]) if match else None

    def titles_with_years(self) -> Iterator[tuple[int, int]]:
        """Yield the capitalised words before each year in brackets: a title, whether or not it is known."""
        words = self.words
        for number, token in enumerate(words.tokens):
            if not (number and len(token) == 4 and token.isdigit() and _OPEN_BRACKET.search(words.gap(number))):
                continue
            first = number
            while first > 0 and self._belongs_to_title(first - 1, number):
                first -= 1
            while first < number and not self._is_capital(first):
                first += 1
            if first < number:
                yield words.token_starts[first], words.token_ends[number - 1]

    def unknown_names(self, taken: bytearray) -> Iterator[tuple[int, int, int, int]]:
        """Yield the capitalised words inside sentences that are part of no mention: names of what is no target."""
        if not self.capitals_tell or self.lexicon.capitalises_nouns:
            return
        words = self.words
        for token, (start, end) in enumerate(zip(words.token_starts, words.token_ends, strict=True)):
            if (
                self.is_plain(token, token + 1)
                or any(taken[start:end])
                or not self._has_case(token)
                or not self._is_capital(token)
            ):
                continue
            if not self._begins_sentence(token) and not self._is_shouted(token):
                yield start, end, token, token + 1

    def _belongs_to_title(self, token: int, end: int) -> bool:
        if token + 1 < end and _TITLE_END.search(self.words.gap(token + 1)):
            return False
        return self._is_capital(token) or (token + 1 < end and self.words.tokens[token] in self.lexicon.function)

    def surprise(self, candidate: _Candidate) -> float:
        """Return how unlikely it is that these words come together by chance, in bits, from each word's frequency."""
        tokens = self.words.tokens[candidate.first : candidate.last]
        bits = [self._bits(token) for token in tokens]
        if is_unspaced(tokens[0]):
            return sum(bits)
        if bits[0] <= 5.0 and len(bits) > 1 and tokens[0] in self.lexicon.articles:
            bits = bits[1:]
        most = max(bits)
        return most + _FURTHER_WORD * (sum(bits) - most)

    def _bits(self, token: str) -> float:
        if token in self.lexicon.function:
            return 4.0
        if token in self.item_words:
            return 3.0
        if token.isdigit():
            return 6.0 if len(token) == 4 and token[:2] in {"18", "19", "20"} else 3.0 * len(token)
        if token.isalnum() and not token.isalpha():
            return min(_MOST, _PER_SIGN * len(token))
        rank = word_ranks().get(token)
        if rank is not None:
            bits = math.log2(rank + 2)
            return min(bits, 6.0) if token in self.lexicon.talk else bits
        if token in self.lexicon.talk:
            return 6.0
        first = token[0]
        if "\u3400" <= first <= "\u9fff" or "\uac00" <= first <= "\ud7af":
            return _PER_HAN * len(token)
        if "\u3040" <= first <= "\u30ff":
            return _PER_KANA * len(token)
        if first < "\u0250" and self.is_english:
            return min(_MOST, _PER_LETTER * len(token))
        return min(13.0, _PER_FOREIGN_LETTER * len(token))

    @property
    def is_english(self) -> bool:
        if self._is_english is None:
            self._is_english = self.lexicon.languages[0] == "en"
        return self._is_english

    def cues(self, candidate: _Candidate) -> float:
        """Return what the writing says for or against a name being meant, in bits."""
        cues = 0.0
        if candidate.year:
            cues += _YEAR
        elif self.year_near(candidate):
            cues += _NEAR_YEAR
        if self._is_quoted(candidate):
            cues += _QUOTED
        cues += self._capitals(candidate)
        if candidate.first == 0 and candidate.last == len(self.words.tokens):
            cues += _WRITTEN_AS_TITLE if self._is_written_as_title(candidate) else _ALONE
        before = self.words.tokens[max(0, candidate.first - 4) : candidate.first]
        if self._is_cued(before, candidate) or self._is_judged(candidate) or self.is_called_item(candidate):
            cues += _CUE
        if self._is_owned(candidate):
            cues += _CUE
        if self._is_judged(candidate) and self._is_said_to_be_item(candidate):
            cues += _CAPITALS
        if self._may_describe(candidate) and self.is_described(candidate):
            cues += _DESCRIBED
        if not candidate.year and self.is_part_of_name(candidate):
            cues += _PART
        return cues

    def is_talk(self, first: int, last: int) -> bool:
        """Tell whether there is but one word, and one of talk, or of liking and denying: "Thanks", "Nothing"."""
        token = self.words.tokens[first]
        said = self.lexicon.phrases.longest([token], 0, frozenset())
        return last - first == 1 and (said is not None or token in self.lexicon.talk or token in self.lexicon.answers)

    def is_plain(self, first: int, last: int) -> bool:
        """Tell whether all words are those of grammar and talk: "It", "The Next One"."""
        return all(
            token in self.lexicon.function or token in self.lexicon.talk for token in self.words.tokens[first:last]
        )

    def _is_written_as_title(self, candidate: _Candidate) -> bool:
        """Tell whether the words could be no more than a title: "It", "The Thing", "the thing"; "Thanks" could be more."""
        if self.is_talk(candidate.first, candidate.last):
            return False
        if candidate.last - candidate.first > 1 and self.words.tokens[candidate.first] in self.lexicon.articles:
            return True
        return all(
            self._is_capital(token) or (token and self.words.tokens[token] in self.lexicon.function)
            for token in range(candidate.first, candidate.last)
        )

    def _is_cued(self, before: list[str], candidate: _Candidate) -> bool:
        if not before or _SENTENCE_END.search(self.words.gap(candidate.first)):
            return False
        while before and before[-1] in self.lexicon.articles:
            before = before[:-1]
        return any(tuple(before[-size:]) in self.lexicon.cues for size in range(1, 1 + len(before)))

    def is_called_item(self, candidate: _Candidate) -> bool:
        """Tell whether a capitalised name stands behind the word for an item: "the movie Chaplin"."""
        return (
            candidate.first > 0
            and self.capitals_tell
            and self.words.tokens[candidate.first - 1] in self.item_words
            and self.words.gap(candidate.first) == " "
            and all(map(self._is_capital, range(candidate.first, candidate.last)))
        )

    def _is_owned(self, candidate: _Candidate) -> bool:
        """Tell whether a capitalised name is somebody's: "Jordan Peele's Us"."""
        first = candidate.first
        return (
            first > 1
            and self.capitals_tell
            and self.words.tokens[first - 1] == "s"
            and self.words.gap(first - 1) in {"'", "’"}
            and self._is_capital(first - 2)
            and self._is_capital(first)
        )

    def _is_judged(self, candidate: _Candidate) -> bool:
        """Tell whether a verdict follows a capitalised name: "Up was great"."""
        behind = self.words.tokens[candidate.last] if candidate.last < len(self.words.tokens) else ""
        return behind in self.lexicon.copulas and self._is_capital(candidate.first) and self.capitals_tell

    def _is_said_to_be_item(self, candidate: _Candidate) -> bool:
        """Tell whether the verdict is about an item: "Night is the hardest book"; "It was a good book" may be anything."""
        if self.words.tokens[candidate.first] in self.lexicon.starts and candidate.last - candidate.first == 1:
            return False
        for token in range(candidate.last + 1, min(candidate.last + 8, len(self.words.tokens))):
            if _PHRASE_END.search(self.words.gap(token)):
                return False
            if self.words.tokens[token] in self.item_words:
                return True
        return False

    def _may_describe(self, candidate: _Candidate) -> bool:
        """Tell whether the words are words of the language: "no radiohead" describes nothing."""
        return all(map(self.is_known, self.words.tokens[candidate.first : candidate.last]))

    def is_known(self, token: str) -> bool:
        """Tell whether a word is one of the language."""
        return token in self.lexicon.function or token in self.lexicon.talk or token in word_ranks()

    def is_described(self, candidate: _Candidate) -> bool:
        """Tell whether the words describe something instead of naming it: "a scary movie", "alien movies"."""
        words = self.words
        before = words.tokens[candidate.first - 1] if candidate.first else ""
        small = not self._is_capital(candidate.first)
        if small and before in self.lexicon.determiners | self.item_words:
            return True
        if small and any(token in self.item_words for token in words.tokens[candidate.first : candidate.last]):
            return True
        behind = words.tokens[candidate.last] if candidate.last < len(words.tokens) else ""
        return behind in self.item_words and not _SENTENCE_END.search(words.gap(candidate.last))

    def is_part_of_name(self, candidate: _Candidate) -> bool:
        """Tell whether capitalised words go on before or behind: "The Rock" in "Dwayne The Rock Johnson"."""
        if not self.capitals_tell or not self._is_capital(candidate.first):
            return False
        before, behind = candidate.first - 1, candidate.last
        return (
            before >= 0
            and self._goes_on(before, candidate.first)
            and (not self._begins_sentence(before) or self.words.tokens[before] not in self.lexicon.talk)
        ) or (
            behind < len(self.words.tokens)
            and (self._goes_on(behind, behind) or (self._is_of_title(behind) and self._goes_on(behind + 1, behind + 1)))
        )

    def _is_of_title(self, token: int) -> bool:
        """Tell whether a word of grammar is written as part of a title is: "The Queen Is Dead"."""
        return (
            token + 1 < len(self.words.tokens)
            and self.words.tokens[token] in self.lexicon.function
            and self._is_capital(token)
            and len(self.words.tokens[token]) > 1
            and self.words.gap(token) == " "
        )

    def _goes_on(self, token: int, gap: int) -> bool:
        return (
            self._has_case(token)
            and self._is_capital(token)
            and len(self.words.tokens[token]) > 1
            and self.words.tokens[token] not in self.lexicon.function
            and self.words.gap(gap) in {" ", "-", ": ", " - ", " – "}
            and token not in self.covered
        )

    def _is_quoted(self, candidate: _Candidate) -> bool:
        begin, end = self.words.span(candidate.start, candidate.end)
        text = self.words.text
        return begin > 0 and end < len(text) and text[begin - 1] in _OPENING and text[end] in _CLOSING

    def _capitals(self, candidate: _Candidate) -> float:
        """Return what capital letters say: much in a text that has few of them, nothing in one that has many."""
        if not self.capitals_tell:
            return 0.0
        meant = [
            number
            for number in range(candidate.first, candidate.last)
            if self.words.tokens[number] not in self.lexicon.function and self._has_case(number)
        ]
        if not meant:
            meant = [number for number in range(candidate.first, candidate.last) if self._has_case(number)]
        if not meant:
            return 0.0
        telling = [number for number in meant if not self._begins_sentence(number) or self._is_acronym_like(number)]
        if not all(map(self._is_capital, meant)):
            return _SMALL_LETTERS
        if not telling:
            return 0.0
        if len(meant) == 1 and self._is_shouted(meant[0]) and not self._is_acronym_like(meant[0]):
            return 0.0
        return _CAPITALS / 3 if self.lexicon.capitalises_nouns else _CAPITALS

    @property
    def capitals_tell(self) -> bool:
        """Whether capital letters inside a sentence are the exception in this text."""
        if self._capitals_tell is None:
            small = large = 0
            for number, token in enumerate(self.words.tokens):
                if len(token) > 1 and self._has_case(number) and not self._begins_sentence(number):
                    if self._is_capital(number):
                        large += 1
                    else:
                        small += 1
                elif len(token) > 1 and not self._has_case(number) and self._letter(number).isalpha():
                    small += 1  # of a script without capitals: a capital letter among these is an exception as well
            # Many who write in small letters have their "I" made large for them.
            any_capital = large > 0 or any(
                len(token) > 1 and self._has_case(number) and self._is_capital(number)
                for number, token in enumerate(self.words.tokens)
            )
            self._capitals_tell = any_capital and small > 0 and large <= 3 * small
        return self._capitals_tell

    def _letter(self, token: int) -> str:
        return self.words.text[self.words.token_span(token, token + 1)[0]]

    def _has_case(self, token: int) -> bool:
        letter = self._letter(token)
        return letter.lower() != letter.upper()

    def _is_capital(self, token: int) -> bool:
        letter = self._letter(token)
        return letter.isupper() or letter.isdigit()

    def _is_shouted(self, token: int) -> bool:
        begin, end = self.words.token_span(token, token + 1)
        return end - begin > 1 and self.words.text[begin:end].isupper()

    def _is_acronym_like(self, token: int) -> bool:
        """Tell whether a word is all capitals, and no word that might be shouted."""
        return self._is_shouted(token) and not self.is_known(self.words.tokens[token])

    def _begins_sentence(self, token: int) -> bool:
        return token == 0 or _SENTENCE_END.search(self.words.gap(token)) is not None

    def is_listed(self, candidate: _Candidate, chosen: list[Mention], is_alike: Callable[[LinkTarget], bool]) -> bool:
        """Tell whether the words stand in a list with something alike that is sure to be named."""
        for mention in chosen:
            gaps = (mention.last, candidate.first), (candidate.last, mention.first)
            near = [(first, second) for first, second in gaps if 0 <= second - first <= 1]
            if not near or not any(is_alike(meaning.target) for meaning in mention.meanings):
                continue
            for first, second in near:
                between = self.words.tokens[first:second]
                if all(token in self.lexicon.joining for token in between):
                    gap = self.words.gap(first) + (self.words.gap(second) if between else "")
                    if between or "," in gap or "/" in gap or "、" in gap:
                        return True
        return False

    def is_subject(self, candidate: _Candidate, target: LinkTarget) -> bool:
        """Tell whether words of grammar or talk are meant as a subject: "about love", "a love story"; others always are."""
        tokens = self.words.tokens[candidate.first : candidate.last]
        if is_unspaced(tokens[0]):
            return candidate.end - candidate.start > 1
        if len(tokens) == 1 and len(tokens[0]) == 1:
            return False
        if all(token in self.item_words for token in tokens):
            return False
        plain = self.lexicon.function | self.item_words
        if all(token in plain for token in tokens):
            return self._is_acronym(candidate, target)
        if not all(token in plain or token in self.lexicon.talk for token in tokens):
            return True
        if len(tokens) > 1:
            return False
        before = self.words.tokens[candidate.first - 1] if candidate.first else ""
        ends = candidate.last == len(self.words.tokens)
        return before in self.lexicon.about or (before in self.lexicon.subject_before and ends)

    def _is_acronym(self, candidate: _Candidate, target: LinkTarget) -> bool:
        begin, end = self.words.span(candidate.start, candidate.end)
        return (
            target.name.isupper()
            and self.capitals_tell
            and self.words.text[begin:end].replace(".", "").isupper()
            and end - begin > 1
        )


def item_words(label: str) -> frozenset[str]:
    """Return the label of the items in words, in the singular and the plural: "movie", "movies"."""
    last = normalised(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label)).split(" ")[-1]
    return frozenset([last, *plurals(last), *singulars(last)])
