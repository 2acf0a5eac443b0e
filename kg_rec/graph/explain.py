"""Why an item was recommended: the best paths from a person's interests to it, as a sentence and as Cypher to look at.

Three kinds of path, each weighted by the interest it starts from and by how much its relations carry in the model:

- *direct*: the interest's entity is a neighbour of the item;
- *shared*: an item the person named has a neighbour in common with it, the rarer the better; what more than a fifth of all
  items have is told only where there is nothing else;
- *liked together*: the same people liked an item the person named and this one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg_rec.graph.attach import person_key
from kg_rec.graph.keys import label_of
from kg_rec.text.asking import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from kg_rec.graph.surroundings import Neighbour, Surroundings
    from kg_rec.interest import Interest
    from kg_rec.schema import GraphSchema

_MOST_REASONS = 3
_WORTH_SAYING = 0.15
"""Something shared that is weaker than this share of the best reason is noise: that two items are from a large country."""
_WEAKEST_RELATION = 0.1
"""What a relation that the model hardly uses still counts, relative to the one it uses most: it may be all there is."""
_LIKED_TOGETHER = "LIKED_TOGETHER"


@dataclass(frozen=True, slots=True)
class Step:
    """One relation of a path: from the entity `start` to the entity `end`; `forward` tells which way it points."""

    start: str
    type: str
    forward: bool
    end: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one item was recommended.

    item: key; sentence: up to three reasons, the best first; names: of the entities along the best path, the item left out;
    steps: the best path; statement: Cypher that shows the paths in Neo4j Browser as it stands; paths: one a reason, in the order of
    the sentence.
    """

    item: str
    sentence: str
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    statement: str
    paths: tuple[tuple[Step, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class _Reason:
    strength: float
    kind: str
    sentence: str
    interest: str
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    common: bool = False
    """Whether so many items share it that it is no reason beside any other."""


def explain(
    surroundings: Surroundings,
    schema: GraphSchema,
    interests: Sequence[Interest],
    items: Sequence[str],
    relation_weights: Mapping[str, float],
    *,
    user: str | None = None,
    words: bool = True,
) -> list[Explanation]:
    """Return an explanation of each item, in their order.

    surroundings: where neighbours and people are read from. interests: what the person likes (dislikes explain nothing here), and
    guesses: interests near in meaning without any evidence in the words, which explain only what nothing else does; items:
    keys. relation_weights: by relation, as "TYPE", "TYPE⁻¹" and "LIKED_TOGETHER". user: id of a person in the graph whose
    interest edges the statements start with.
    An item that no path leads to is explained by its closeness to the words, where there are `words`, and by how many people
    liked it.
    """
    liked = {interest.entity: interest for interest in interests if interest.polarity > 0}
    named = [key for key in liked if label_of(key) == schema.item.label and key not in items]
    ends = [*items, *named]
    neighbours, people = surroundings.neighbours(ends), surroundings.people(ends)
    weight = _relative(relation_weights)
    start = person_key(schema, user) if user is not None else None
    explained = []
    for item in items:
        reasons = [
            *_direct(item, neighbours.get(item, ()), liked, schema, weight),
            *_shared(item, neighbours, named, liked, weight),
            *_liked_together(item, people, named, liked, schema, weight),
        ]
        reasons = [reason for reason in reasons if not reason.common] or reasons
        # What was merely guessed from the words' meaning explains only what nothing in the words leads to.
        sure = [reason for reason in reasons if not _is_guess(liked[reason.interest])]
        explained.append(_explanation(item, _best(sure or reasons), len(people.get(item, ())), start, liked, words))
    return explained


def _is_guess(interest: Interest) -> bool:
    return interest.source == "near" and not interest.evidence


def _relative(relation_weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weights of the graph's relations relative to the strongest, in [0.1, 1]; LIKED_TOGETHER has 1."""
    strongest = max((value for name, value in relation_weights.items() if name != _LIKED_TOGETHER), default=1.0) or 1.0
    scaled = {name: max(value / strongest, _WEAKEST_RELATION) for name, value in relation_weights.items()}
    return {**scaled, _LIKED_TOGETHER: 1.0}


def _carried(weight: Mapping[str, float], neighbour: Neighbour) -> float:
    """Return what the model carries from a neighbour to the item: along the inverse where the relation leads from the item."""
    return weight.get(f"{neighbour.type}⁻¹" if neighbour.out else neighbour.type, _WEAKEST_RELATION)


def _direct(
    item: str,
    neighbours: Iterable[Neighbour],
    liked: Mapping[str, Interest],
    schema: GraphSchema,
    weight: Mapping[str, float],
) -> list[_Reason]:
    reasons = []
    for neighbour in neighbours:
        interest = liked.get(neighbour.key)
        if interest is None:
            continue
        phrase = schema.phrases.get(neighbour.type, "{}") if neighbour.out else "{}"
        # "with Horror" says no more than "Horror"; "directed by Jane Campion" does.
        sentence = neighbour.name if phrase == "with {}" else phrase.replace("{}", neighbour.name)
        strength = interest.score * (1 + _carried(weight, neighbour)) * (1 + neighbour.telling)
        steps = (Step(neighbour.key, neighbour.type, not neighbour.out, item),)
        reasons.append(_Reason(strength, "direct", sentence, neighbour.key, (neighbour.name,), steps))
    return reasons


def _shared(
    item: str,
    neighbours: Mapping[str, Sequence[Neighbour]],
    named: Iterable[str],
    liked: Mapping[str, Interest],
    weight: Mapping[str, float],
) -> list[_Reason]:
    own: defaultdict[str, list[Neighbour]] = defaultdict(list)
    for neighbour in neighbours.get(item, ()):
        own[neighbour.key].append(neighbour)
    reasons = []
    for key in named:
        for theirs in neighbours.get(key, ()):
            # What the person asked for itself is a direct reason already.
            for ours in own[theirs.key] if theirs.key not in liked else ():
                carried = math.sqrt(_carried(weight, ours) * _carried(weight, theirs))
                label = in_words(label_of(ours.key))
                steps = (
                    Step(key, theirs.type, theirs.out, theirs.key),
                    Step(ours.key, ours.type, not ours.out, item),
                )
                reasons.append(
                    _Reason(
                        liked[key].score * carried * 2 * ours.telling**2,
                        "shared",
                        f'shares the {label} "{ours.name}" with {liked[key].name}',
                        key,
                        (liked[key].name, ours.name),
                        steps,
                        common=ours.common,
                    )
                )
    return reasons


def _liked_together(
    item: str,
    people: Mapping[str, AbstractSet[Any]],
    named: Iterable[str],
    liked: Mapping[str, Interest],
    schema: GraphSchema,
    weight: Mapping[str, float],
) -> list[_Reason]:
    if schema.interaction is None:
        return []
    type_ = schema.interaction.type
    reasons = []
    for key in named:
        ours, theirs = people.get(item, frozenset()), people.get(key, frozenset())
        both = len(ours & theirs)
        if both < 2:
            continue
        # A cosine, shrunk where few people speak for it, as in the model's LIKED_TOGETHER.
        closeness = both / math.sqrt((len(ours) + 20) * (len(theirs) + 20))
        steps = (Step(key, type_, False, "*"), Step("*", type_, True, item))
        reasons.append(
            _Reason(
                liked[key].score * weight[_LIKED_TOGETHER] * 2 * closeness,
                "together",
                f"liked by {both} who liked {liked[key].name}",
                key,
                (liked[key].name,),
                steps,
            )
        )
    return reasons


def _best(reasons: list[_Reason]) -> list[_Reason]:
    """Return up to three reasons, the strongest first, each saying something new."""
    chosen: list[_Reason] = []
    said: set[object] = set()
    least = _WORTH_SAYING * max((reason.strength for reason in reasons), default=0.0)
    for reason in sorted(reasons, key=lambda reason: (-reason.strength, reason.sentence)):
        # One shared thing for each item named, one crowd, and nothing in the same words twice.
        what = reason.sentence.casefold() if reason.kind == "direct" else (reason.kind, reason.interest)
        crowd = reason.kind == "together" and any(other.kind == "together" for other in chosen)
        weak = reason.kind == "shared" and reason.strength < least
        if what in said or crowd or weak or len(chosen) == _MOST_REASONS:
            continue
        said.add(what)
        chosen.append(reason)
    return chosen


def _explanation(
    item: str, reasons: list[_Reason], people: int, person: str | None, liked: Mapping[str, Interest], words: bool
) -> Explanation:
    if not reasons:
        told = ["near in meaning to the words"] if words else []
        told += [f"liked by {people} {'person' if people == 1 else 'people'}"] if people else []
        statement = f"MATCH path = ({_node('item', item)})--(neighbour) RETURN path LIMIT 25"
        return Explanation(item, " · ".join(told), (), (), statement)
    best = reasons[0]
    sentence = " · ".join(reason.sentence for reason in reasons)
    if _is_guess(liked[best.interest]):
        sentence += " · near in meaning to the words"
    statement = " UNION ".join(dict.fromkeys(_statement(reason, person, liked) for reason in reasons))
    paths = tuple(reason.steps for reason in reasons)
    return Explanation(item, sentence, best.names, best.steps, statement, paths)


def _statement(reason: _Reason, person: str | None, liked: Mapping[str, Interest]) -> str:
    """Return Cypher that shows a path; it starts at the person where they are in the graph with this interest."""
    interest = liked[reason.interest]
    attached = person is not None and (interest.evidence or interest.source in ("person", "event"))
    said = "KG_REACTED_TO" if interest.source == "event" else "INTERESTED_IN"
    pattern = f"({_node('person', person)})-[:{said}]->" if attached and person else ""
    pattern += f"({_node('interest', reason.interest)})"
    for number, step in enumerate(reason.steps):
        arrow = f"-[:{_quoted(step.type)}]->" if step.forward else f"<-[:{_quoted(step.type)}]-"
        end = _node("item" if number == len(reason.steps) - 1 else "shared", step.end)
        pattern += arrow + ("(somebody)" if step.end == "*" else f"({end})")
    return f"MATCH path = {pattern} RETURN path LIMIT 25"


def _node(name: str, key: str) -> str:
    literal = key.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"{name}:KGEntity {{key: '{literal}'}}"


def _quoted(type_: str) -> str:
    return f"`{type_.replace('`', '``')}`"
