"""Simulated people: who has which tastes, what they come across, and how they rate it.

Nothing here knows what the things are. A thing has facets (kind → values), a fame and a moment since when it exists; a
person likes a few values of each facet, meets famous and fitting things more often, and rates fitting ones higher.

Only `Random.random` is drawn from, because it alone is promised to give the same numbers in every Python version.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TypeVar

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Thing:
    """What can be rated. `fame` multiplies the chance to be met; `since` is in seconds since 1970."""

    id: str
    facets: Mapping[str, tuple[str, ...]]
    fame: float
    since: int


@dataclass(frozen=True)
class Facet:
    """How many values of a facet a person likes (`least` to `most`), and how much a liked value counts."""

    name: str
    least: int
    most: int
    strength: float


@dataclass(frozen=True)
class Rating:
    """One person's rating of one thing: 0.5 to 5.0 in halves, with the time in seconds since 1970."""

    person: str
    thing: str
    rating: float
    time: int


@dataclass(frozen=True)
class Person:
    """A simulated person. `likes` and `dislikes` are (facet, value) pairs."""

    id: str
    name: str
    likes: frozenset[tuple[str, str]]
    dislikes: frozenset[tuple[str, str]]


FIRST_JOINED = int(datetime(2008, 1, 1, tzinfo=UTC).timestamp())
LAST_RATED = int(datetime(2025, 10, 1, tzinfo=UTC).timestamp())
DAY = 86_400
FEWEST, MOST = 20, 60


def simulate(
    things: Sequence[Thing], facets: Sequence[Facet], count: int, seed: int
) -> tuple[list[Person], list[Rating]]:
    """Return `count` people and their ratings, each person's in order of time; the same for the same arguments.

    Facets are drawn from in the given order, and each choice pulls the next ones toward things that already fit: whoever
    likes westerns is likely to like the people who make them.
    """
    random = Random(seed)
    people = []
    ratings = []
    for number in range(1, count + 1):
        person = _person(number, things, facets, random)
        people.append(person)
        ratings += _ratings(person, things, facets, random)
    return people, ratings


def _person(number: int, things: Sequence[Thing], facets: Sequence[Facet], random: Random) -> Person:
    likes: set[tuple[str, str]] = set()
    pulls = [0] * len(things)
    for facet in facets:
        popularity: defaultdict[str, float] = defaultdict(float)
        for thing, pull in zip(things, pulls, strict=True):
            for value in thing.facets.get(facet.name, ()):
                popularity[value] += thing.fame * (0.2 + pull) ** 2
        liked = set(_draw(popularity, _between(facet.least, facet.most, random), random))
        likes |= {(facet.name, value) for value in liked}
        for index, thing in enumerate(things):
            pulls[index] += sum(value in liked for value in thing.facets.get(facet.name, ()))
    broadest = facets[0].name
    others = Counter(value for thing in things for value in thing.facets.get(broadest, ()))
    for name, value in likes:
        if name == broadest:
            del others[value]
    dislikes = _draw({value: float(seen) for value, seen in others.items()}, _between(0, 2, random), random)
    return Person(
        id=f"sim-{number:03}",
        name=f"simulated person {number:03}",
        likes=frozenset(likes),
        dislikes=frozenset((broadest, value) for value in dislikes),
    )


def _ratings(person: Person, things: Sequence[Thing], facets: Sequence[Facet], random: Random) -> list[Rating]:
    # More people join late than early, as with any service that grows.
    joined = FIRST_JOINED + int((LAST_RATED - 180 * DAY - FIRST_JOINED) * math.sqrt(random.random()))
    left = min(LAST_RATED, joined + _between(60, 900, random) * DAY)
    around = [thing for thing in things if thing.since < left]
    fits = _standardized([_fit(person, thing, facets) for thing in around])
    chances = {
        index: thing.fame * math.exp(1.6 * fit) for index, (thing, fit) in enumerate(zip(around, fits, strict=True))
    }
    # Few people rate much: the cube draws the count toward the lower end.
    count = FEWEST + int((MOST - FEWEST + 1) * random.random() ** 3)
    generosity = 2.6 + 0.35 * _normal(random)
    ratings = []
    for index in _draw(chances, count, random):
        thing = around[index]
        opinion = generosity + 0.6 * fits[index] + 0.5 * _normal(random)
        start = max(joined, thing.since)
        ratings.append(
            Rating(
                person=person.id,
                thing=thing.id,
                rating=min(10, max(1, math.floor(2 * opinion + 0.5))) / 2,
                time=start + int((left - start) * random.random()),
            )
        )
    return sorted(ratings, key=lambda rating: (rating.time, rating.thing))


def _fit(person: Person, thing: Thing, facets: Sequence[Facet]) -> float:
    """How well a thing fits the tastes. Many values of a kind must not win by their number alone, hence the root."""
    fit = 0.0
    for facet in facets:
        values = thing.facets.get(facet.name, ())
        if values:
            liked = sum((facet.name, value) in person.likes for value in values)
            disliked = sum((facet.name, value) in person.dislikes for value in values)
            fit += facet.strength * (liked - 1.5 * disliked) / math.sqrt(len(values))
    return fit


def _standardized(values: Sequence[float]) -> list[float]:
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)) or 1.0
    return [(value - mean) / deviation for value in values]


def _draw(weights: Mapping[_Key, float], count: int, random: Random) -> list[_Key]:
    """Draw `count` different keys by weight (Efraimidis and Spirakis 2006)."""
    clocks = [(-math.log(1.0 - random.random()) / weight, key) for key, weight in weights.items()]
    return [key for _, key in sorted(clocks, key=lambda clock: clock[0])[:count]]


def _between(least: int, most: int, random: Random) -> int:
    return least + int((most - least + 1) * random.random())


def _normal(random: Random) -> float:
    return math.sqrt(-2 * math.log(1.0 - random.random())) * math.cos(2 * math.pi * random.random())
