"""What a graph most likely means, where its shape leaves that open: for `kg-rec init`, which only writes what can be edited.

`kg-rec load` asks instead (kg_rec/schema_inference.py). Here each open question is decided, and the reason says by which option
it is decided otherwise:

- whether something is the interaction that may be none: no. Words and graph are then all there is to go by, and enough;
- what the items are, without interactions: what has running words, then what most relations lead from or to;
- people who do several things with items, as act in, direct and review, more of the others than of the interaction: they are
  entities that somebody may be interested in, rather than users, and what they did is no interaction.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kg_rec.schema_inference import NOBODY, SchemaChoices, UndecidedSchemaError, infer
from kg_rec.schema_properties import shapes_of

if TYPE_CHECKING:
    from kg_rec.graph.profile import GraphProfile
    from kg_rec.schema import GraphSchema


def likely_schema(profile: GraphProfile, choices: SchemaChoices) -> tuple[GraphSchema, dict[str, str]]:
    """Return the schema and the reasons, as `kg_rec.schema_inference.infer` does, with everything decided.

    Raises SchemaError where a choice names something that is not in the graph.
    """
    decided: dict[str, str] = {}
    given = choices
    while True:
        try:
            schema, reasons = infer(profile, given)
        except UndecidedSchemaError as error:
            choice = _likely(profile, error)
            decided[error.option] = f"that is most likely; choose another with --{error.option}"
            if error.option == "user" and choice == NOBODY:
                options = " or ".join(f"--user={name}" for name in error.choices if name != NOBODY)
                decided["user"] = f"nothing tells who interacts with what; if you know, choose {options}"
                given, decided["item"] = _without_users(profile, given), _WHY_ITEM
            else:
                known: dict[str, Any] = {error.option: choice}
                given = replace(given, **known)
            continue
        if schema.user and not (choices.user or choices.interaction) and (others := _other_roles(profile, schema)):
            assert schema.interaction is not None
            decided["user"] = (
                f"{schema.user.label} is joined to {schema.item.label} more often by {', '.join(others)} than by "
                f"{schema.interaction.type}; if they are the users all the same, choose --user={schema.user.label}"
            )
            given = replace(given, user=NOBODY, item=schema.item.label)
            decided["item"] = "most relations lead to it"
            continue
        for option, reason in decided.items():
            reasons[_KEYS.get(option, option)] = reason
        return schema, reasons


_WHY_ITEM = "its nodes have most to tell: a name, text, relations; choose another with --item"
_KEYS = {
    "item": "item.label",
    "interaction": "interaction.type",
    "weight": "interaction.weight",
    "kind": "interaction.kind",
    "title": "item.title",
}


def _likely(profile: GraphProfile, question: UndecidedSchemaError) -> str:
    if question.option == "user" and NOBODY in question.choices:
        return NOBODY
    if question.option == "item":
        return _tells_most(profile, question.choices)
    if question.option == "interaction":
        counts: Counter[str] = Counter()
        for kind in profile.relations:
            counts[kind.type] += kind.count
        return max(question.choices, key=lambda name: counts[name])
    return question.choices[0]


def _without_users(profile: GraphProfile, choices: SchemaChoices) -> SchemaChoices:
    return replace(choices, user=NOBODY, item=choices.item or _tells_most(profile, tuple(profile.labels)))


def _tells_most(profile: GraphProfile, labels: tuple[str, ...]) -> str:
    """Return the label whose nodes have a name, running words, and the most relations."""
    shapes = {label: shapes_of(profile.labels[label]) for label in labels}
    ends: Counter[str] = Counter()
    for kind in profile.relations:
        ends[kind.source] += kind.count
        ends[kind.target] += kind.count
    return max(labels, key=lambda label: (shapes[label].named, bool(shapes[label].text), ends[label], label))


def _other_roles(profile: GraphProfile, schema: GraphSchema) -> list[str]:
    """Return the types of the other relations between users and items, where there are more of them than interactions."""
    assert schema.user is not None
    assert schema.interaction is not None
    ends = {schema.user.label, schema.item.label}
    between: Counter[str] = Counter()
    for kind in profile.relations:
        if {kind.source, kind.target} == ends:
            between[kind.type] += kind.count
    done = between.pop(schema.interaction.type, 0)
    return list(between) if sum(between.values()) > done else []
