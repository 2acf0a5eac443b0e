"""People of the graph turned into new ones: words they wrote or might have written, and what they would want to be shown.

A person's interactions are split: from a few liked items, the *evidence*, words are written in the ways people write; the
other liked items are the *targets*. The two never share an item, or a model would learn to find what the words name. The words
then go through the same linker and encoder as a real person's.

What is simulated is written from titles, label names and relation names of the graph, so it works in any domain; it is seeded.
Where the graph holds what people really wrote, of an item or of themselves, they tell in these words. They ask in simulated
ones: who writes a review does not say what they want next.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.schema_properties import word_count
from kg_rec.text.manner import REVIEWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg_rec.graph.interactions import Interactions
    from kg_rec.text.asking import ItemWords

MIN_LIKED = 4
"""People with fewer liked items are left out: nothing would remain to predict."""
_LEAST_WORDS = 3
"""What people wrote in fewer words, as "very good!", tells nothing of them."""

_GREETINGS = ("", "", "", "Hi! ", "Hello, how are you? ", "Hey there. ")
_CLOSINGS = ("", "", "", " Any suggestions?", " What do you recommend?", " Thanks!")


@dataclass(frozen=True, slots=True)
class SimulatedPerson:
    """A person of the graph as a new one.

    user: row among the users; text: their words; evidence, targets: rows of items, disjoint; own_words: whether they wrote the
    text themselves.
    """

    user: int
    text: str
    evidence: tuple[int, ...]
    targets: tuple[int, ...]
    own_words: bool = False


def simulate_people(
    interactions: Interactions,
    liked: NDArray[np.bool_],
    words: ItemWords,
    keys: Sequence[str],
    *,
    variants: int = 4,
    limit: int = 8000,
    seed: int = 0,
) -> list[SimulatedPerson]:
    """Return up to `limit` simulated people, `variants` for each person with at least 4 liked items.

    liked: which of the interactions are positive, [E]; keys: of the users, which seed what each of them writes.
    Deterministic for a seed, person by person: somebody added to the graph changes nobody else's words.
    """
    people: list[SimulatedPerson] = []
    for user, (likes, others) in _likes_by_user(interactions, liked).items():
        rng = np.random.default_rng([seed, zlib.crc32(keys[user].encode())])
        people += [_simulate(rng, user, likes, others, words) for _ in range(variants)]
    if len(people) > limit:
        chosen = np.sort(np.random.default_rng(seed).choice(len(people), limit, replace=False))
        people = [people[index] for index in chosen]
    return people


def simulate_telling(
    interactions: Interactions,
    liked: NDArray[np.bool_],
    words: ItemWords,
    keys: Sequence[str],
    told: Sequence[str] = (),
    *,
    limit: int = 800,
    seed: int = 0,
) -> list[SimulatedPerson]:
    """Return up to `limit` people of the graph whose words tell of them, and do not say what they want.

    One of each person with at least 4 liked items. Who wrote at least 3 words of an item they like, or of themselves, tells in
    them: the evidence is that item, or nothing. The words of the others are a list of what is common among up to 10 of their
    likes, at most half, or the running text of one of them among opinions, with or without its name, as somebody writes about a
    thing they have. Where there are more than `limit`, those with words of their own come first.

    told: what each user tells of themselves, [U], "" where nothing; empty: nobody does. Other parameters as above.
    """
    likes = _likes_by_user(interactions, liked)
    said = _said(interactions, liked)
    told = told or [""] * len(keys)

    def order(user: int) -> tuple[bool, int]:
        silent = user not in said and not _is_telling(told[user])
        return silent, zlib.crc32(f"{seed} {keys[user]}".encode())

    people = []
    for user in sorted(sorted(likes, key=order)[:limit]):
        rng = np.random.default_rng([seed, 1, zlib.crc32(keys[user].encode())])
        own = _in_own_words(rng, user, likes[user][0], said.get(user, []), told[user])
        people.append(own or _tell(rng, user, likes[user][0], words))
    return people


def _likes_by_user(
    interactions: Interactions, liked: NDArray[np.bool_]
) -> dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return what each person likes and what else they met, rows of items; people who like too little are left out."""
    order = np.argsort(interactions.users, kind="stable")
    users, starts = np.unique(interactions.users[order], return_index=True)
    found = {}
    for user, rows in zip(users.tolist(), np.split(order, starts[1:]), strict=True):
        likes = np.unique(interactions.items[rows[liked[rows]]])
        if len(likes) >= MIN_LIKED:
            found[user] = likes, np.setdiff1d(interactions.items[rows], likes)
    return found


def _said(interactions: Interactions, liked: NDArray[np.bool_]) -> dict[int, list[tuple[int, str]]]:
    """Return what each person wrote of items they like, sorted, [(row of the item, words)]; people who did not are left out."""
    if interactions.texts is None:
        return {}
    found: defaultdict[int, set[tuple[int, str]]] = defaultdict(set)
    rows = zip(
        interactions.users.tolist(), interactions.items.tolist(), interactions.texts, liked.tolist(), strict=True
    )
    for user, item, text, likes in rows:
        if likes and _is_telling(text):
            found[user].add((item, text.strip()))
    return {user: sorted(texts) for user, texts in found.items()}


def _is_telling(text: str) -> bool:
    return word_count(text) >= _LEAST_WORDS


def _in_own_words(
    rng: np.random.Generator, user: int, liked: NDArray[np.int64], said: Sequence[tuple[int, str]], told: str
) -> SimulatedPerson | None:
    """Have somebody tell in what they wrote of one item, or of themselves: half of them each, where there is both."""
    tells = _is_telling(told)
    if not said and not tells:
        return None
    if said and (not tells or rng.random() < 0.5):
        item, text = said[int(rng.integers(len(said)))]
        return SimulatedPerson(user, text, (item,), tuple(np.setdiff1d(liked, item).tolist()), own_words=True)
    return SimulatedPerson(user, told.strip(), (), tuple(liked.tolist()), own_words=True)


def _tell(rng: np.random.Generator, user: int, liked: NDArray[np.int64], words: ItemWords) -> SimulatedPerson:
    """Have somebody list what they are like, or write of a thing they have: half of them each, where things have texts."""
    described = [item for item in liked.tolist() if words.texts[item]]
    if rng.random() < (0.5 if described else 0.85):
        evidence = rng.choice(liked, size=min(len(liked) // 2, 10), replace=False).tolist()
        text = _common(rng, evidence, words)
    else:
        evidence = [int(rng.choice(described or liked))]
        text = _review(rng, evidence[0], words)
    return SimulatedPerson(user, text, tuple(evidence), tuple(np.setdiff1d(liked, evidence).tolist()))


def _review(rng: np.random.Generator, item: int, words: ItemWords) -> str:
    """Write of an item: what is said of it, among opinions that would be said of anything, and maybe by its name."""
    named = f"{words.titles[item]}." if not words.texts[item] or rng.random() < 0.3 else ""
    sentences = [named, words.texts[item]]
    for place in (0, len(sentences)):
        if rng.random() < 0.5:
            sentences.insert(place, str(rng.choice(REVIEWS)))
    return " ".join(filter(None, sentences))


def _common(rng: np.random.Generator, evidence: list[int], words: ItemWords) -> str:
    """List what the items have for neighbours, the most common first chosen; their titles where they have none."""
    relations = [*([words.kind] if words.kind else []), *words.relations]
    counted = Counter(name for relation in relations for item in evidence for name in relation.names[item])
    names = [name for name, _ in counted.most_common(int(rng.integers(3, 9)))]
    names = names or [words.titles[item] for item in evidence[:3]]
    rng.shuffle(names)
    return str(rng.choice([", ".join(names), f"{_listed(names)}.", " ".join(names)]))


def _simulate(
    rng: np.random.Generator,
    user: int,
    liked: NDArray[np.int64],
    disliked: NDArray[np.int64],
    words: ItemWords,
) -> SimulatedPerson:
    evidence = rng.choice(liked, size=int(rng.integers(1, min(3, len(liked) - 2) + 1)), replace=False)
    sentences = [_wish(rng, evidence.tolist(), words)]
    if len(disliked) and rng.random() < 0.15:
        sentences.append(_refusal(rng, int(rng.choice(disliked)), set(evidence.tolist()), words))
    text = str(rng.choice(_GREETINGS)) + " ".join(filter(None, sentences)) + str(rng.choice(_CLOSINGS))
    if rng.random() < 0.15:
        text = _misspelt(rng, text)
    if rng.random() < 0.2:
        text = text.lower()
    targets = np.setdiff1d(liked, evidence)
    return SimulatedPerson(user, text, tuple(evidence.tolist()), tuple(targets.tolist()))


def _wish(rng: np.random.Generator, evidence: list[int], words: ItemWords) -> str:
    """Write a wish from what was liked: by kind, by attributes, by name, or by both."""
    names = _listed([words.titles[item] for item in evidence])
    kinds = [name.lower() for item in evidence for name in (words.kind.names[item] if words.kind else [])]
    kind = f"{rng.choice(kinds)} " if kinds else ""
    told = [relation for relation in words.relations if any(relation.names[item] for item in evidence)]
    noun = words.noun
    ways = [
        f"I like {names}.",
        f"I am looking for a {kind}{noun} like {names}.",
        f"I loved {names}. Something similar?",
    ]
    if kinds:
        ways += [
            f"I am in the mood for a {kind}{noun}.",
            f"I am looking for a good {kind}{noun}.",
            f"I like {kind}{noun}s.",
        ]
    if told:
        relation = told[int(rng.integers(len(told)))]
        some = sorted({name for item in evidence for name in relation.names[item]})
        phrase = relation.phrase.replace(
            "{}", _listed([str(name) for name in rng.choice(some, min(2, len(some)), False)])
        )
        ways += [f"I want a {kind}{noun} {phrase}.", f"I like {kind}{noun}s {phrase}, like {names}."]
    return str(rng.choice(ways))


def _refusal(rng: np.random.Generator, disliked: int, evidence: set[int], words: ItemWords) -> str:
    """Write what is not wanted: a kind that the disliked item has and the evidence has not."""
    if words.kind is None:
        return ""
    wanted = {name for item in evidence for name in words.kind.names[item]}
    others = [name for name in words.kind.names[disliked] if name not in wanted]
    return f"No {str(rng.choice(others)).lower()} please." if others else ""


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _misspelt(rng: np.random.Generator, text: str) -> str:
    """Swap two neighbouring letters, or lose one, somewhere in a longer word."""
    places = [i for i in range(1, len(text) - 2) if text[i - 1 : i + 2].isalpha()]
    if not places:
        return text
    place = int(rng.choice(places))
    if rng.random() < 0.5:
        return text[:place] + text[place + 1 :]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
