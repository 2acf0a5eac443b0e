"""What a text says for or against the entities it names.

A text is read word by word. A phrase of dislike or denial ("I hate", "no", "anything but") turns what follows, until its
clause ends: at a sentence's end, at a word of contrast ("but"), where something else is liked, or at a comma unless a
list goes on. Some phrases turn what precedes them ("… is not my thing"). The phrases of each language are data
(kg_rec/text/lexicon.py). Words that are part of a name ("No Country for Old Men") say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from kg_rec.text.lexicon import Lexicon, Phrase
from kg_rec.text.words import Words

_SENTENCE_END = re.compile(r"[.!?…](?=\s|$)|[.!?…]{2,}|[!?]|[。！？；;\n]|(?<=\s)[-–—](?=\s)")
_QUESTION = re.compile(r"[?？]")
_COMMA = re.compile(r"[,，、:：()（）/]")
_CLAUSE_COMMA = "，"
"""In Chinese it parts clauses; what is listed is parted by 、."""
_ENUMERATION = re.compile(r"[、/]")


class Stance(Enum):
    """What is said about an entity."""

    LIKED = 1
    """It is liked or wanted, or just spoken of."""
    DISLIKED = -1
    SOFTENED = -0.5
    """Less of it is wanted: it is disliked, by half."""
    UNSEEN = 0
    """The person says that they do not know it."""


@dataclass(frozen=True, slots=True)
class _Said:
    phrase: Phrase
    first: int
    last: int


def stances(words: Words, lexicon: Lexicon, named: Sequence[tuple[int, int]]) -> list[Stance]:
    """Return the stance to each of the names that stand at the tokens `named`, given as (first, last), in their order."""
    return _Reader(words, lexicon, named).read()


class _Reader:
    def __init__(self, words: Words, lexicon: Lexicon, named: Sequence[tuple[int, int]]) -> None:
        self.words = words
        self.tokens = words.tokens
        self.lexicon = lexicon
        self.named = named
        self.found = [Stance.LIKED] * len(named)
        self.stance = Stance.LIKED
        self.opened_at = -1
        """Token at which the stance was taken; -1 when it is the one that holds by itself."""
        self.by_verb = False
        """Whether a verb of opinion took it, whose objects may be listed with commas."""
        self.clause: list[int] = []
        """Numbers of the names since the clause began."""
        self.is_opinion = False
        """Whether it is an opinion that may also be about what precedes: "horror I don't like"."""
        self.softened_until = -1
        """Token at which the phrase ends that took the stance, where it denies a degree alone; -1 for others."""
        self.answered = 0
        """How many names stand behind the phrase that took the stance."""
        self.described = False
        """Whether another word with a meaning of its own stands there."""
        self.before: list[int] = []
        """Numbers of the names in the clause before, if it ended with a comma or a word of contrast."""

    def read(self) -> list[Stance]:
        begins = {first: number for number, (first, _) in enumerate(self.named)}
        token = 0
        while token < len(self.tokens):
            self._pass_gap(token)
            number = begins.get(token)
            if number is not None:
                if self.stance is not Stance.LIKED and self.answered and not self._is_reached(token):
                    self._reset()
                softened = self.stance is Stance.DISLIKED and self.softened_until >= 0
                self.found[number] = Stance.SOFTENED if softened else self.stance
                self.clause.append(number)
                self.answered += 1
                token = max(self.named[number][1], token + 1)
                continue
            if self._is_verdict(token):
                self._turn_back(Stance.DISLIKED)
                token += 1
                continue
            said = self._phrase_at(token, begins)
            if said is None:
                self._hear_word(token)
                token += 1
                continue
            self._hear(said)
            token = said.last
        self._close()
        return self.found

    def _phrase_at(self, token: int, begins: dict[int, int]) -> _Said | None:
        found = self.lexicon.phrases.longest(self.tokens, token, self.lexicon.fillers)
        if found is None:
            return None
        phrase, last = found
        if any(place in begins for place in range(token, last)):
            return None  # it reaches into a name
        return _Said(phrase, token, last)

    def _pass_gap(self, token: int) -> None:
        """End what ends between the token before and this one."""
        if token == 0:
            return
        gap = self.words.gap(token)
        comma = _COMMA.search(gap) is not None
        if _SENTENCE_END.search(gap):
            self._end_clause()
        elif self.stance is Stance.LIKED:
            # "Horror I don't like" is one clause; "horror, I don't like to wait" and "… and I don't" are two.
            opens = self._opens(token, after_comma=comma) and (comma or not self._follows_name(token))
            if opens and self.clause:
                self.before, self.clause = (self.clause if comma else []), []
        elif comma:
            if not (_ENUMERATION.search(gap) or self._list_goes_on(token)):
                self._end_clause()
        elif (self.answered or self.described) and self._opens(token, after_comma=False):
            self._end_clause()

    def _end_clause(self, *, turned: bool = False) -> None:
        """turned: a word of contrast ends it, and the next one may still speak of what was named in this one."""
        self._close()
        self._reset()
        self.before, self.clause = (self.clause if turned else []), []

    def _follows_name(self, token: int) -> bool:
        return bool(self.clause) and self.named[self.clause[-1]][1] == token

    def _opens(self, token: int, *, after_comma: bool) -> bool:
        """Tell whether a clause begins here."""
        word = self.tokens[token]
        if word in self.lexicon.joining and token + 1 < len(self.tokens):
            return self.tokens[token + 1] in self.lexicon.starts
        return word in (self.lexicon.starts if after_comma else self.lexicon.openers)

    def _list_goes_on(self, token: int) -> bool:
        """Tell whether what follows a comma belongs to the list before it: "no horror, gore or violence"."""
        if self._opens(token, after_comma=True) or self.tokens[token] in self.lexicon.copulas:
            return False
        if self.tokens[token] in self.lexicon.joining:
            return True
        if not self.answered:
            return not self.described
        joined = False
        for place in range(token, min(token + 8, len(self.tokens))):
            if place > token and _SENTENCE_END.search(self.words.gap(place)):
                break
            if self.tokens[place] in self.lexicon.copulas:
                return False
            joined = joined or self.tokens[place] in self.lexicon.alternatives
        return joined or (self.by_verb and _CLAUSE_COMMA not in self.words.gap(token))

    def _hear(self, said: _Said) -> None:
        match said.phrase:
            case Phrase.TURN:
                self._end_clause(turned=True)
            case Phrase.LIKE:
                self._hear_liking(said)
            case Phrase.DISLIKE:
                # "I don't hate it" is no dislike.
                denied = self.stance is Stance.DISLIKED and self._governs(said)
                self._take(Stance.LIKED if denied else Stance.DISLIKED, said, by_verb=True)
            case Phrase.NOT if self.stance is Stance.UNSEEN and self._only_joins(said):
                pass  # "I have seen neither this nor that"
            case Phrase.NOT if self.stance is Stance.DISLIKED and self._said_any(self.lexicon.exceptions, said):
                self._take(Stance.LIKED, said, by_verb=False)  # "no horror except Alien"
            case Phrase.NOT:
                if not self._is_answer(said) and not self._asks(said) and not self._trails(said):
                    # A denied verb ("don't watch") reaches all its objects, "no" and "without" one list of them.
                    denied = self._said_any(self.lexicon.denials, said)
                    softened = self._softened_until(said)
                    self._take(Stance.DISLIKED, said, by_verb=denied)
                    self.softened_until = softened
            case Phrase.NOT_BEFORE:
                if not self._asks(said):
                    self._turn_back(Stance.DISLIKED)
            case Phrase.UNSEEN:
                self._take(Stance.UNSEEN, said, by_verb=True)
            case Phrase.AFFIRM:
                self._reset()

    def _said_any(self, phrases: frozenset[tuple[str, ...]], said: _Said) -> bool:
        return tuple(self.tokens[said.first : said.last]) in phrases

    def _softened_until(self, said: _Said) -> int:
        """Return the token at which a denial of a degree alone ends that begins with what was said, or holds it; else -1.

        Of "not too", "not" is heard first, then "too": both are one.
        """
        ends = [said.first + len(phrase) for phrase in self.lexicon.softened if self._stands(phrase, said.first)]
        return max([*ends, self.softened_until if said.first < self.softened_until else -1])

    def _stands(self, phrase: tuple[str, ...], token: int) -> bool:
        return tuple(self.tokens[token : token + len(phrase)]) == phrase

    def _hear_word(self, token: int) -> None:
        """Hear a word that is neither a name nor part of a phrase."""
        word = self.tokens[token]
        plain = word in self.lexicon.function or word in self.lexicon.talk
        if self.stance is not Stance.LIKED and not self.by_verb and self.described and self._compares(token):
            self._reset()  # "something not gory like Seven": it is not Seven that is not wanted
        elif not plain:
            self.described = True

    def _compares(self, token: int) -> bool:
        return any(tuple(self.tokens[token : token + size]) in self.lexicon.cues for size in (1, 2))

    def _only_joins(self, said: _Said) -> bool:
        return said.last - said.first == 1 and self.tokens[said.first] in self.lexicon.joining

    def _hear_liking(self, said: _Said) -> None:
        if self.stance is Stance.LIKED:
            return
        if self._governs(said):
            self.by_verb = self.is_opinion = True  # "don't like": what is liked is what is denied
            self.opened_at = said.last
            return
        self._reset()

    def _governs(self, said: _Said) -> bool:
        """Tell whether the stance reaches a verb: nothing was named since, and only a few words stand between."""
        return self.opened_at >= 0 and not self.answered and said.first - self.opened_at <= 3

    def _is_reached(self, token: int) -> bool:
        """Tell whether the stance to the name before also holds for the one here."""
        if self.by_verb:
            return True
        before = self.tokens[self.named[self.clause[-1]][1] : token] if self.clause else []
        return (
            # "A less violent thriller" is a thriller.
            (not before and self.softened_until < 0)
            or any(word in self.lexicon.joining for word in before)
            or (len(before) == 1 and before[0] in self.lexicon.about)
            or _COMMA.search(self.words.gap(token)) is not None
        )

    def _take(self, stance: Stance, said: _Said, *, by_verb: bool) -> None:
        self._close()
        self.stance, self.opened_at, self.by_verb, self.answered = stance, said.last, by_verb, 0
        self.softened_until = -1
        self.described = False
        self.is_opinion = said.phrase in {Phrase.DISLIKE, Phrase.UNSEEN}

    def _reset(self) -> None:
        self.stance, self.opened_at, self.by_verb, self.answered = Stance.LIKED, -1, False, 0
        self.softened_until = -1
        self.is_opinion = False

    def _close(self) -> None:
        """End a stance; an opinion that nothing follows is about what precedes: "horror I don't like"."""
        if self.is_opinion and not (self.answered or self.described) and self.stance is not Stance.LIKED:
            if not self.clause and self.stance is Stance.DISLIKED and self._is_about_it():
                self.clause = self.before
            self._turn_back(self.stance)

    def _is_about_it(self) -> bool:
        """Tell whether a pronoun stands where the opinion has its object: "my sister loves horror, I can't stand it"."""
        return self.opened_at < len(self.tokens) and self.tokens[self.opened_at] in self.lexicon.pronouns

    def _turn_back(self, stance: Stance) -> None:
        """Give a stance to what was named last in the clause, and to what is in one list with it."""
        joined = False
        for number in reversed(self.clause):
            self.found[number] = stance
            first = self.named[number][0]
            before = self.clause[self.clause.index(number) - 1] if self.clause.index(number) else None
            if before is None:
                break
            between = self.tokens[self.named[before][1] : first]
            joined = joined or bool(between)
            # "Horror, gore and clowns are not my thing" is one list; "I like war, horror is not my thing" is none.
            parted = not joined and _COMMA.search(self.words.gap(first)) is not None
            if parted or any(token not in self.lexicon.joining for token in between):
                break

    def _is_verdict(self, token: int) -> bool:
        """Tell whether a "no" judges the name right before it: "horror no, comedies yes"; "horror No" are two messages."""
        return (
            self.tokens[token] in self.lexicon.answers
            and self.words.text[self.words.token_span(token, token + 1)[0]].islower()
            and self._follows_name(token)
            and not self.words.gap(token).strip()
            and (token + 1 == len(self.tokens) or bool(self.words.gap(token + 1).strip()))
        )

    def _is_answer(self, said: _Said) -> bool:
        """Tell whether a "no" answers a question instead of denying what follows: "No, I like comedies"."""
        if (
            said.last - said.first > 1
            or said.last >= len(self.tokens)
            or self.tokens[said.first] not in self.lexicon.answers
        ):
            return False
        begins = said.first == 0 or bool(self.words.gap(said.first).strip())
        gap = self.words.gap(said.last)
        return bool(gap.strip()) or (begins and self.tokens[said.last] in self.lexicon.starts)

    def _trails(self, said: _Said) -> bool:
        """Tell whether a "too" is about no quality: "I like horror too, and comedies"."""
        if self.tokens[said.last - 1] != "too" or said.last - said.first > 1:
            return False
        if said.last == len(self.tokens):
            return True
        behind = self.tokens[said.last]
        if behind in self.lexicon.joining or behind in self.lexicon.function or behind in self.lexicon.talk:
            return True
        return bool(self.words.gap(said.last).strip())

    def _asks(self, said: _Said) -> bool:
        """Tell whether a denial begins a question: "Isn't that with Tom Hanks?", "Don't you have comedies?"."""
        if (
            said.first
            and not _SENTENCE_END.search(self.words.gap(said.first))
            and not _COMMA.search(self.words.gap(said.first))
        ):
            return False
        if not any(tuple(self.tokens[said.first : last]) in self.lexicon.denials for last in range(said.last + 1)):
            return False
        for place in range(said.last, len(self.tokens) + 1):
            gap = self.words.gap(place)
            if _SENTENCE_END.search(gap):
                return _QUESTION.search(gap) is not None
        return False
