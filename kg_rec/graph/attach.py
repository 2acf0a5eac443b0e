"""People as nodes of the graph, with `INTERESTED_IN` edges to what their words show.

A new person is created as `(:KGEntity:KGPerson:<user label> {key, <user id>})`; somebody of the loaded graph gets the edges
beside their interactions. Which entity, how sure, liked or not, from which words: each edge holds what an `Interest` says.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kg_rec.errors import InputError, UnknownEntityError
from kg_rec.graph.keys import encoded, id_of, key_of, label_of
from kg_rec.interest import Interest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg_rec.graph.client import GraphClient
    from kg_rec.schema import GraphSchema

USER_LABEL = "User"
"""Label of attached people in a graph without users of its own."""
_LONGEST_ID = 1000
"""Letters of a user's id: an index of Neo4j holds at most 8 kB."""
_NO_TEXT = "found half of a surrogate pair, which is no text"
_QUOTES = " … "
"""Between several evidences of one interest, when read back as one text."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A person and their interests in the graph.

    user: id; key: that of the node. interests: what the person set first, then the strongest.
    of_graph: whether the person belongs to the loaded graph, rather than being there by `attach` alone.
    missing: keys of entities that `attach` was given and the graph has not (any more); no edge leads to them.
    """

    user: str
    key: str
    interests: tuple[Interest, ...] = ()
    of_graph: bool = False
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """What `change_interests` made of a person's interests.

    interests: all they have now. turned: as they were until then, those that are now liked instead of disliked, or the
    other way round.
    """

    interests: tuple[Interest, ...]
    turned: tuple[Interest, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """An interest as a person sets it: entity by key or name, score in (0, 1]."""

    entity: str
    polarity: Literal[1, -1] = 1
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Detached:
    """What `detach` took away: how many interests, and whether the node went with them."""

    user: str
    interests: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with interests in the graph: how many, and whether the loaded graph had them before."""

    user: str
    key: str
    interests: int
    of_graph: bool


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity that an interest may point to."""

    key: str
    name: str

    @property
    def label(self) -> str:
        """Primary label."""
        return label_of(self.key)


def attach(
    client: GraphClient, schema: GraphSchema, user: str, interests: Sequence[Interest], *, encoder: str
) -> Attached:
    """Write a person's inferred interests, in one transaction, and return all they have now.

    What was inferred earlier and is not among `interests` goes; what the person set stays, and wins over an inferred
    interest in the same entity. An entity found twice becomes one edge (`merged`). The same again changes nothing.
    encoder: name of the sentence encoder that the interests were found with.
    Raises InputError where `user` cannot be an id.
    """
    key = person_key(schema, user)
    read = {"user": key, "titles": titles(schema)}
    (done,), (found,) = client.write_all(
        [attaching(schema, user, interests, encoder=encoder), ("attach/interests", read)]
    )
    return Attached(user, key, interests_in(found), not found["attached"], tuple(done["missing"]))


def attaching(
    schema: GraphSchema, user: str, interests: Sequence[Interest], *, encoder: str
) -> tuple[str, dict[str, object]]:
    """Return the script that attaches a person, and its parameters (see attach)."""
    rows = [
        {
            "entity": interest.entity,
            "score": float(interest.score),
            "polarity": int(interest.polarity),
            "evidence": evidence,
            "source": interest.source,
            "encoder": encoder,
        }
        for interest, evidence in merged(interests)
    ]
    id_property = schema.user.id if schema.user else "id"
    properties = {id_property: user} if id_property != "key" else {}
    label = person_label(schema)
    return "attach/attach", {
        "user": person_key(schema, user),
        "label": label,
        "properties": properties,
        "rows": rows,
    }


def merged(interests: Iterable[Interest]) -> list[tuple[Interest, list[str]]]:
    """Return one interest an entity with all its evidences, ordered by key.

    The strongest counts; between a like and a dislike of equal strength, the dislike. Words that say the opposite are
    no evidence for it, and are left out.
    """
    by_entity: defaultdict[str, list[Interest]] = defaultdict(list)
    for interest in interests:
        by_entity[interest.entity].append(interest)
    found = []
    for entity in sorted(by_entity):  # always in the same order: two transactions then never wait for each other
        told = by_entity[entity]
        best = max(told, key=lambda interest: (interest.score, -interest.polarity))
        agreeing = [interest.evidence for interest in told if interest.polarity == best.polarity and interest.evidence]
        found.append((best, list(dict.fromkeys(agreeing))))
    return found


def interests(client: GraphClient, schema: GraphSchema, user: str) -> list[Interest]:
    """Return a person's interests, those they set first, then the strongest.

    Several evidences of one are joined by "…". Somebody of the loaded graph without interests has an empty list.
    Raises UnknownEntityError, naming the most similar people, when there is no such person.
    """
    return list(person(client, schema, user).interests)


def person(client: GraphClient, schema: GraphSchema, user: str) -> Attached:
    """Return a person with their interests. Raises UnknownEntityError when there is no such person."""
    key = person_key(schema, user)
    found = client.read("attach/interests", user=key, titles=titles(schema))
    if not found:
        raise no_such_person(client, schema, user)
    return Attached(user, key, interests_in(found[0]), not found[0]["attached"])


def set_interest(
    client: GraphClient, schema: GraphSchema, user: str, entity: str, polarity: Literal[1, -1] = 1
) -> Interest:
    """Write that a person likes or dislikes an entity, as they say themselves, and return the interest.

    entity: key ("Genre/Horror") or name ("horror"). It replaces what was inferred about it, and attaching leaves it alone.
    Raises UnknownEntityError when there is no such person or entity, InputError when several have the name.
    """
    found = find_entity(client, schema, entity)
    change_interests(client, schema, user, add=[found.key], polarity=polarity)
    return Interest(found.key, found.label, found.name, 1.0, polarity, source="person")


def remove_interest(client: GraphClient, schema: GraphSchema, user: str, entity: str) -> Interest:
    """Take an interest away, whoever set it, and return what it was.

    An inferred one comes back when the same words are attached again; to keep it away, set the dislike.
    Raises UnknownEntityError when there is no such person, or no such interest of theirs; InputError when several have
    the name.
    """
    found = _find_interest(person(client, schema, user), entity)
    change_interests(client, schema, user, remove=[found.entity])
    return found


def change_interests(
    client: GraphClient,
    schema: GraphSchema,
    user: str,
    *,
    add: Sequence[str] = (),
    polarity: Literal[1, -1] = 1,
    remove: Sequence[str] = (),
) -> Changed:
    """Take interests of a person away, then set others as they say themselves.

    add, remove: keys or names, as `set_interest` and `remove_interest` take them; polarity: of all that is added.
    Everything is found before anything is written, in one transaction. Raises UnknownEntityError when there is no such
    person, entity, or interest of theirs, and InputError when several have the name; nothing has changed then.
    """
    return edit_interests(client, schema, user, [Setting(entity, polarity) for entity in add], remove)


def edit_interests(
    client: GraphClient, schema: GraphSchema, user: str, settings: Sequence[Setting] = (), remove: Sequence[str] = ()
) -> Changed:
    """Take interests of a person away, then set others, each with its own strength and polarity (see change_interests)."""
    known = person(client, schema, user)
    removed = [_find_interest(known, entity).entity for entity in remove]
    added = {find_entity(client, schema, one.entity).key: one for one in settings}
    steps: list[tuple[str, Mapping[str, object]]] = [
        *(("attach/remove_interest", {"user": known.key, "entity": entity}) for entity in removed),
        *(
            (
                "attach/set_interest",
                {"user": known.key, "entity": key, "polarity": one.polarity, "score": float(one.score)},
            )
            for key, one in added.items()
        ),
        ("attach/interests", {"user": known.key, "titles": titles(schema)}),
    ]
    found = client.write_all(steps)[-1]
    if not found:  # detached in the meantime
        raise no_such_person(client, schema, user)
    turned = [one for one in known.interests if one.entity in added and one.polarity != added[one.entity].polarity]
    return Changed(interests_in(found[0]), tuple(turned))


def detach(client: GraphClient, schema: GraphSchema, user: str) -> Detached:
    """Leave nothing behind of a person: interests and node. Somebody of the loaded graph keeps node and interactions.

    Raises UnknownEntityError, naming the most similar people, when there is no such person.
    """
    # Read first: when the answer to the write is lost and the driver writes again, nothing is there any more.
    key = person_key(schema, user)
    read = client.read("attach/interests", user=key, titles=titles(schema))
    if not read:
        raise _nobody_to_detach(client, schema, user)
    known = Attached(user, key, interests_in(read[0]), not read[0]["attached"])
    rows = client.write("attach/detach", user=known.key)
    if not rows:
        return Detached(user, len(known.interests), not known.of_graph)
    return Detached(user, rows[0]["interests"], rows[0]["deleted"])


def attached_people(client: GraphClient) -> list[Person]:
    """Return everybody who was attached, and everybody of the loaded graph with interests, ordered by key."""
    people = [
        Person(id_of(row["key"]), row["key"], row["interests"], not row["attached"])
        for row in client.read("attach/people")
    ]
    return sorted(people, key=lambda one: one.key)


def find_entity(client: GraphClient, schema: GraphSchema, entity: str, labels: Sequence[str] | None = None) -> Entity:
    """Return the entity with this key, or else with this name, in capitals or not.

    labels: what it may be; by default what an interest may point to.

    "Genre/Horror" is a key; "horror" and "genre/horror" are names, the latter among the genres alone.
    Raises UnknownEntityError with the most similar names where there is none, InputError with the keys of all where
    there are several, and where `entity` is no text.
    """
    if not _is_text(entity):
        raise InputError(f"Expected the key or the name of an entity, {_NO_TEXT}.")
    among = schema.interests if labels is None else labels
    allowed = titles(schema, among)
    if label_of(entity) in among:
        rows = client.read("attach/entity", key=entity, titles=allowed)
        if rows:
            return _entity(rows[0])
    label, _, rest = entity.partition("/")
    within = {start: title for start, title in allowed.items() if rest and _folded(start) == _folded(label)}
    for name, called in ((entity, allowed), (rest.strip(), within)):
        found = _entities_named(client, schema, name, called)
        if len(found) > 1:
            raise _several(entity, [told for _, told in found])
        if found:
            return found[0][0]
    similar = [_told(one) for one in _spelt_like(client, rest if within else entity, within or allowed)]
    purpose = " that an interest may point to" if labels is None else ""
    raise UnknownEntityError(
        f"'{entity}': expected the key or the name of an entity{purpose} ({', '.join(among)}), found none.",
        remedy=f"Did you mean {' or '.join(similar)}?" if similar else "",
    )


def person_label(schema: GraphSchema) -> str:
    """Return the label of people: the schema's user, or `USER_LABEL` where it names none.

    Where that is something else in the graph, people are "KGPerson" instead.
    """
    if schema.user is not None:
        return schema.user.label
    return "KGPerson" if USER_LABEL in {schema.item.label, *schema.entities} else USER_LABEL


def person_key(schema: GraphSchema, user: str) -> str:
    """Return the key of a person's node. Raises InputError where `user` cannot be an id."""
    problem = ""
    if not user.strip():
        problem = "found nothing"
    elif len(user) > _LONGEST_ID:
        problem = f"found {len(user):,} characters, and {_LONGEST_ID:,} is the most"
    elif not _is_text(user):
        problem = _NO_TEXT
    if problem:
        raise InputError(f"Expected the id of a person, {problem}.")
    return key_of(person_label(schema), user)


def titles(schema: GraphSchema, labels: Iterable[str] | None = None) -> dict[str, str]:
    """Return the property that the entities of each label are called by; labels as keys begin with them."""
    found = {}
    for label in labels if labels is not None else (schema.item.label, *schema.entities):
        title = schema.title_of(label)
        if title is not None:
            found[encoded(label)] = title
    return found


def _find_interest(known: Attached, entity: str) -> Interest:
    """Return the interest of a person in an entity, given by key or name."""
    wanted = _folded(entity)
    named = [interest for interest in known.interests if interest.entity == entity]
    named = named or [one for one in known.interests if wanted in (_folded(one.name), _folded(one.entity))]
    if not named:
        listed = ", ".join(_told(Entity(interest.entity, interest.name)) for interest in known.interests)
        raise UnknownEntityError(
            f"'{known.user}' has no interest in '{entity}'.",
            remedy=f"Their interests: {listed}" if listed else "They have none at all.",
        )
    if len(named) > 1:
        raise _several(entity, [f"{interest.entity} ({interest.name})" for interest in named])
    return named[0]


def interests_in(row: Mapping[str, Any]) -> tuple[Interest, ...]:
    """Return the interests that a row of attach/interests, or of recommend/person, holds."""
    return tuple(
        Interest(
            entity=edge["entity"],
            label=label_of(edge["entity"]),
            name=edge["name"] or id_of(edge["entity"]),
            score=edge["score"],
            polarity=edge["polarity"],
            evidence=_QUOTES.join(edge["evidence"] or []),
            source=edge["source"],
        )
        for edge in row["interests"]
    )


def _entity(row: Mapping[str, Any]) -> Entity:
    return Entity(row["key"], row["name"] or id_of(row["key"]))


def _entities_named(
    client: GraphClient, schema: GraphSchema, name: str, among: Mapping[str, str]
) -> list[tuple[Entity, str]]:
    """Return all entities with a name, each with what tells it from its namesakes."""
    if not among or not name:
        return []
    rows = client.read(
        "attach/entities_named",
        name=unicodedata.normalize("NFC", name),
        titles=dict(among),
        detail=schema.item.released,
    )
    return [
        (_entity(row), f"{row['key']} ({', '.join(part for part in (row['name'], row['detail']) if part)})")
        for row in rows
    ]


def no_such_person(client: GraphClient, schema: GraphSchema, user: str) -> UnknownEntityError:
    """Return what to raise where a person is not there; it names those whose ids are spelt alike."""
    similar = _called_like(client, schema, user)
    remedy = f'Attach them first: kg-rec attach {user} "what they say"'
    return UnknownEntityError(
        f"There is no person '{user}' in the graph.",
        remedy=f"{remedy}\nOr did you mean {' or '.join(similar)}?" if similar else remedy,
    )


def _nobody_to_detach(client: GraphClient, schema: GraphSchema, user: str) -> UnknownEntityError:
    similar = _called_like(client, schema, user)
    return UnknownEntityError(
        f"There is no person '{user}' in the graph; nothing was removed.",
        remedy=f"Did you mean {' or '.join(similar)}?"
        if similar
        else "Nobody's id is spelt like that; everybody who was attached is listed by: kg-rec interests",
    )


def _called_like(client: GraphClient, schema: GraphSchema, user: str) -> list[str]:
    """Return the ids, in quotation marks, of up to three people that are spelt most like a misspelt one."""
    known = {encoded(person_label(schema)): schema.user.id if schema.user else "id"}
    return [f"'{one.name}'" for one in _spelt_like(client, user, known)]


def _spelt_like(client: GraphClient, name: str, among: Mapping[str, str]) -> list[Entity]:
    """Return up to three entities whose names are spelt most like a misspelt one."""
    from rapidfuzz import fuzz, process

    wanted = _folded(name)
    size = min(3, max(1, len(wanted) // 2))
    parts = sorted({wanted[start : start + size] for start in range(len(wanted) - size + 1)})
    rows = client.read("attach/entities_spelt_like", parts=parts, length=len(wanted), titles=dict(among))
    found = [_entity(row) for row in rows]
    names = [_folded(one.name) for one in found]
    best = process.extract(wanted, names, scorer=fuzz.ratio, score_cutoff=65, limit=3)
    return [found[place] for _, _, place in best]


def _several(entity: str, told: Sequence[str]) -> InputError:
    return InputError(
        f"'{entity}' is the name of several entities: {', '.join(told)}.",
        remedy="Give the key of the one that is meant.",
    )


def _told(entity: Entity) -> str:
    return entity.key if id_of(entity.key) == entity.name else f"{entity.key} ({entity.name})"


def _is_text(given: str) -> bool:
    """Tell whether it can be written as UTF-8; what the shell hands on of other bytes cannot."""
    return not any(unicodedata.category(character) == "Cs" for character in given)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().strip()
