"""What a graph's labels, relations and properties mean, found from their shape and values; each choice has a reason.

The user label is the source of the only weighted or timed relation that leads to described things and comes from nodes
that nothing leads to. A number alone is not enough, as things of all kinds lead to others with one (an actor's billing, a
supplier's price): something else must speak for people, too (`_Inference._evidence`). Where that leaves more than one
answer, or none that is certain, an error lists the choices: nothing is guessed silently.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from kg_rec.errors import SchemaError
from kg_rec.graph.profile import GraphProfile, LabelProfile, RelationProfile, profile_of
from kg_rec.schema import EntitySchema, GraphSchema, InteractionSchema, ItemSchema, UserSchema
from kg_rec.schema_properties import (
    RUNNING_WORDS,
    PropertyShapes,
    UndecidedKindError,
    Weight,
    are_years,
    holds_aliases,
    is_called_weight,
    is_time,
    is_year,
    looks_like_weight,
    phrase_from,
    running_texts,
    shapes_of,
    weight_of,
    words_of,
    year_of,
)

if TYPE_CHECKING:
    from kg_rec.graph.csv_folder import GraphFolder

Option = Literal["item", "user", "interaction", "weight", "kind", "title"]
Kind = Literal["rating", "count", "unary"]
NOBODY = "none"
"""Choice of `user` for a graph without interactions."""

# Only evidence where the graph's shape leaves two readings, and named as the reason where it decides.
_NAMES_OF_PEOPLE = frozenset(
    [
        *("user", "customer", "member", "reader", "listener", "viewer", "client", "account", "buyer", "shopper"),
        *("consumer", "guest", "reviewer", "subscriber", "visitor", "patient", "player", "student", "learner"),
        *("nutzer", "benutzer", "kunde", "leser", "hörer", "utilisateur", "lecteur", "usuario", "cliente", "utente"),
        *("gebruiker", "klant", "用户", "顾客", "读者", "ユーザー", "пользователь"),
    ]
)


@dataclass(frozen=True, slots=True)
class SchemaChoices:
    """What the person decided. None: to be found. `user` "none": the graph holds no interactions."""

    item: str | None = None
    user: str | None = None
    interaction: str | None = None
    weight: str | None = None
    kind: Kind | None = None
    title: str | None = None


class UndecidedSchemaError(SchemaError):
    """The graph leaves more than one answer. `option` takes one of `choices`."""

    def __init__(self, message: str, option: Option, choices: Sequence[str]) -> None:
        self.option = option
        self.choices = tuple(choices)
        options = " or ".join(f"--{option}={_shell(choice)}" for choice in self.choices)
        super().__init__(message, remedy=f"Nothing was loaded. Decide with {options}")


def infer_schema(folder: GraphFolder, choices: SchemaChoices | None = None) -> tuple[GraphSchema, dict[str, str]]:
    """Return the schema of the graph in `folder`, and the reason of each choice by dotted key, as "item.label".

    Raises UndecidedSchemaError with the choices where more than one reading is left, and SchemaError where a choice
    names something that is not in the graph.
    """
    return infer(profile_of(folder), choices)


def infer_schema_asking(
    folder: GraphFolder, choices: SchemaChoices, ask: Callable[[UndecidedSchemaError], str]
) -> tuple[GraphSchema, dict[str, str]]:
    """Infer the schema as `infer_schema` does; `ask` is given each open decision and returns one of its choices."""
    return infer_asking(profile_of(folder), choices, ask)


def infer_asking(
    profile: GraphProfile, choices: SchemaChoices, ask: Callable[[UndecidedSchemaError], str]
) -> tuple[GraphSchema, dict[str, str]]:
    """Infer the schema of the graph with `profile`, asking as `infer_schema_asking` does."""
    while True:
        try:
            return infer(profile, choices)
        except UndecidedSchemaError as error:
            decided: dict[str, Any] = {error.option: ask(error)}
            choices = replace(choices, **decided)


def infer(profile: GraphProfile, choices: SchemaChoices | None = None) -> tuple[GraphSchema, dict[str, str]]:
    """Return the schema of the graph with `profile` and the reasons, as `infer_schema` does."""
    return _Inference(profile, choices or SchemaChoices()).schema()


def contradictions(schema: GraphSchema, folder: GraphFolder, loaded: Collection[str] = ()) -> list[str]:
    """Return what `schema` names that the graph in `folder` does not have, each as expected and found.

    `loaded`: labels that are in Neo4j already; the folder may leave them out, but not the items.
    """
    profile = profile_of(folder)
    found: list[str] = []

    def check(label: str, names: Sequence[str | None]) -> None:
        node = profile.labels.get(label)
        if node is None:
            if label not in loaded or label == schema.item.label:
                found.append(f"the label {label}, found {_listed(profile.labels)}")
            return
        missing = [name for name in names if name and name not in node.properties]
        found.extend(f"the property '{name}' of {label}, found {_listed(node.properties)}" for name in missing)

    item = schema.item
    check(item.label, [item.id, item.title, *item.aliases, *item.text, item.released, *item.numeric])
    found.extend(_no_years(item, profile))
    if schema.user:
        check(schema.user.label, [schema.user.id, *schema.user.text])
    for label, entity in schema.entities.items():
        check(label, [entity.title, *entity.aliases, *entity.text])
    if schema.interaction and schema.user and {schema.user.label, item.label} <= set(profile.labels):
        wanted = f"(:{schema.user.label})-[:{schema.interaction.type}]->(:{item.label})"
        kinds = [kind for kind in profile.relations if str(kind) == wanted]
        if not kinds:
            found.append(f"relations {wanted}, found {_listed(profile.relations)}")
        names = [schema.interaction.weight, schema.interaction.time, schema.interaction.text]
        for kind in kinds:
            missing = [name for name in names if name and name not in kind.properties]
            found.extend(f"the property '{name}' of {wanted}, found {_listed(kind.properties)}" for name in missing)
    return found


def _no_years(item: ItemSchema, profile: GraphProfile) -> list[str]:
    """Return what contradicts that `item.released` holds years or dates."""
    node = profile.labels.get(item.label)
    values = node.properties.get(item.released) if node and item.released else None
    present = [value for value in values.values if value is not None] if values else []
    if are_years([year_of(value) for value in present]):
        return []
    odd = next(value for value in present if not is_year(year_of(value)))
    return [f"years of four digits, or dates, in '{item.released}' of {item.label}, found {odd!r}"]


def unmentioned(schema: GraphSchema, folder: GraphFolder) -> list[str]:
    """Return the labels of the graph in `folder` that `schema` says nothing of."""
    known = {schema.item.label, *schema.entities, *([schema.user.label] if schema.user else [])}
    return [label for label in folder.label_counts() if label not in known]


def contrary_choices(schema: GraphSchema, choices: SchemaChoices) -> list[str]:
    """Return where `schema` says something else than `choices`, each as expected and found."""
    interaction = schema.interaction
    said = {
        "item": schema.item.label,
        "user": schema.user.label if schema.user else NOBODY,
        "interaction": interaction.type if interaction else NOBODY,
        "weight": interaction.weight if interaction else None,
        "kind": interaction.kind if interaction else None,
        "title": schema.item.title,
    }
    return [
        f"{given} as --{option} says, found {said[option]}"
        for option, given in asdict(choices).items()
        if given is not None and given != said[option]
    ]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A relation that may be the interaction. `weights`: properties that may be the rating or count."""

    relation: RelationProfile
    weights: tuple[str, ...]
    time: str | None

    @property
    def measured(self) -> bool:
        return bool(self.weights or self.time)

    @property
    def what(self) -> str:
        named = [*self.weights, *([self.time] if self.time else [])]
        return ", ".join(f"'{name}'" for name in named)


class _Inference:
    def __init__(self, profile: GraphProfile, choices: SchemaChoices) -> None:
        self._profile = profile
        self._choices = choices
        self._reasons: dict[str, str] = {}
        self._shapes: dict[str, PropertyShapes] = {label: shapes_of(node) for label, node in profile.labels.items()}
        self._between = [kind for kind in profile.relations if kind.source != kind.target]

    def schema(self) -> tuple[GraphSchema, dict[str, str]]:
        self._check_choices()
        interaction = self._interaction()
        item_label = interaction.relation.target if interaction else self._item_without_users()
        user_label = interaction.relation.source if interaction else None
        self._reasons.setdefault("item.label", "the interactions lead to it")
        item = self._item(self._profile.labels[item_label])
        entities = {
            label: self._entity(node)
            for label, node in self._profile.labels.items()
            if label not in (item_label, user_label)
        }
        reachable = self._reachable(item_label, user_label)
        interests = [
            label
            for label in (item_label, *entities)
            if label in reachable and self._shapes[label].is_text(self._title(label, item, entities))
        ]
        schema = GraphSchema(
            item=item,
            user=self._user(self._profile.labels[user_label]) if user_label else None,
            interaction=self._interaction_schema(interaction) if interaction else None,
            entities=entities,
            interests=tuple(interests),
            phrases=self._phrases(item_label, user_label),
        )
        self._reasons["interests"] = "they have names in words, by which a person can ask for them"
        return schema, self._reasons

    def _check_choices(self) -> None:
        labels = self._profile.labels
        for option in ("item", "user"):
            given = getattr(self._choices, option)
            if given is not None and given not in labels and not (option == "user" and given == NOBODY):
                raise SchemaError(
                    f"{self._profile.where}: expected a label for --{option}, found '{given}'. "
                    f"There are: {_listed(labels)}.",
                    remedy="Nothing was loaded.",
                )
        types = {kind.type for kind in self._profile.relations}
        given = self._choices.interaction
        if given is not None and given not in types:
            raise SchemaError(
                f"{self._profile.where}: expected the type of a relation for --interaction, found '{given}'. "
                f"There are: {_listed(sorted(types))}.",
                remedy="Nothing was loaded.",
            )

    # Which relation is the interaction

    def _interaction(self) -> _Candidate | None:
        choices = self._choices
        if choices.user == NOBODY:
            self._reasons["user"] = "--user=none says so"
            return None
        candidates = [self._candidate(kind) for kind in self._between if self._chosen(kind)]
        if choices.user or choices.interaction:
            return self._given(candidates)
        measured = [candidate for candidate in candidates if candidate.measured]
        certain = [
            (candidate, evidence)
            for candidate in measured
            if self._from_people(candidate.relation) and (evidence := self._evidence(candidate))
        ]
        if len(certain) == 1:
            ((only, evidence),) = certain
            kind = only.relation
            return self._taken(
                only,
                f"{kind} is the only relation with a weight or a time ({only.what}) from nodes that nothing leads to, "
                f"for which something else speaks: {evidence}",
            )
        if certain:
            raise self._undecided([candidate for candidate, _ in certain], "each has a weight or a time")
        unmeasured = [candidate for candidate in candidates if not candidate.measured]
        if doubtful := [candidate for candidate in measured if self._could_be(candidate.relation)]:
            people = [candidate for candidate in self._possible(unmeasured) if are_people(candidate.relation.source)]
            if len(people) == 1:
                return self._by_label(people[0])
            raise self._undecided_about(doubtful + people)
        return self._unmeasured(unmeasured)

    def _taken(self, candidate: _Candidate, why: str) -> _Candidate:
        self._reasons["interaction.type"] = why
        self._reasons["user.label"] = f"{candidate.relation.type} comes from it"
        self._reasons["item.label"] = f"{candidate.relation.type} leads to it"
        return candidate

    def _by_label(self, candidate: _Candidate) -> _Candidate:
        kind = candidate.relation
        return self._taken(candidate, f"{kind} comes from {kind.source}, a name for people")

    def _chosen(self, kind: RelationProfile) -> bool:
        choices = self._choices
        return (
            choices.item in (None, kind.target)
            and choices.user in (None, kind.source)
            and choices.interaction in (None, kind.type)
        )

    def _given(self, candidates: list[_Candidate]) -> _Candidate:
        """The one that agrees with --user or --interaction, the measured one before others."""
        if not candidates:
            wanted = (
                f"(:{self._choices.user or ''})-[:{self._choices.interaction or ''}]->(:{self._choices.item or ''})"
            )
            raise SchemaError(
                f"{self._profile.where}: expected relations {wanted.replace('[:]', '[]').replace('(:)', '()')}, "
                f"found {_listed(self._between)}.",
                remedy="Nothing was loaded. An interaction leads from the user to the item.",
            )
        measured = [candidate for candidate in candidates if candidate.measured]
        left = measured or candidates
        if len(left) > 1:
            raise self._undecided(left, "each agrees with what was given")
        chosen = left[0].relation
        for option, value, key in (
            ("item", chosen.target, "item.label"),
            ("user", chosen.source, "user.label"),
            ("interaction", chosen.type, "interaction.type"),
        ):
            given = getattr(self._choices, option) is not None
            self._reasons[key] = f"--{option} says so" if given else f"{chosen} is the one that agrees: {value}"
        return left[0]

    def _from_people(self, kind: RelationProfile) -> bool:
        """Whether nothing leads to the source, it has no running words, and the target says more than the source.

        What is called as people are may have running words: people tell of themselves.
        """
        source, target = self._shapes[kind.source], self._shapes[kind.target]
        if any(other.target == kind.source for other in self._between):
            return False
        if source.text and not are_people(kind.source):
            return False
        return self._described(kind.target, target) or not self._described(kind.source, source, besides=kind.target)

    def _evidence(self, candidate: _Candidate) -> str | None:
        """Return what says that a measured relation is what somebody did with something, besides its number."""
        source = candidate.relation.source
        words = [name for name in candidate.weights if is_called_weight(name)]
        if candidate.time:
            return f"'{candidate.time}' says when"
        if words:
            return f"'{words[0]}' is a word for a rating or a count"
        if are_people(source):
            return f"{source} is a name for people"
        return None if self._shapes[source].named else f"{source} has no name"

    def _could_be(self, kind: RelationProfile) -> bool:
        source_tells = self._shapes[kind.source].text and not are_people(kind.source)
        return self._described(kind.target, self._shapes[kind.target]) or not source_tells

    def _may_be_interaction(self, kind: RelationProfile) -> bool:
        """Whether it was asked if this is the interaction, and things with names are at both ends."""
        described = self._described(kind.target, self._shapes[kind.target])
        return self._candidate(kind).measured and self._could_be(kind) and described

    def _described(self, label: str, shapes: PropertyShapes, besides: str = "") -> bool:
        """Whether nodes say more of themselves than an id: a title, running words, relations to other things."""
        leads = any(kind.source == label and kind.target != besides for kind in self._between)
        return leads or bool(shapes.text) or shapes.title != shapes.id

    def _unmeasured(self, candidates: list[_Candidate]) -> _Candidate | None:
        """The interaction among relations without weight and time, where the shape of the graph tells it."""
        possible = self._possible(candidates)
        nameless = [
            candidate
            for candidate in possible
            if not self._shapes[candidate.relation.source].named
            and not self._described(
                candidate.relation.source,
                self._shapes[candidate.relation.source],
                besides=candidate.relation.target,
            )
        ]
        people = [candidate for candidate in possible if are_people(candidate.relation.source)]
        if len(people) == 1:
            return self._by_label(people[0])
        if not people and len(nameless) == 1:
            kind = nameless[0].relation
            return self._taken(
                nameless[0], f"{kind} comes from {kind.source}, which says nothing of itself, and nothing leads to it"
            )
        if left := people or nameless:
            raise self._undecided(left, "none has a weight or a time")
        if possible and self._choices.item is None:
            raise self._undecided_about(possible)
        if possible:
            sources = dict.fromkeys(candidate.relation.source for candidate in possible)
            raise UndecidedSchemaError(
                f"{self._profile.where}: expected to find who interacts with {self._choices.item}; "
                f"found {_listed(candidate.relation for candidate in possible)}, without weight and time.",
                "user",
                [*sources, NOBODY],
            )
        self._reasons["user"] = "no relation with a weight or a time comes from nodes that nothing leads to"
        return None

    def _possible(self, candidates: list[_Candidate]) -> list[_Candidate]:
        """Return those that lead from nodes like people to things that say something of themselves."""
        return [
            candidate
            for candidate in candidates
            if self._from_people(candidate.relation)
            and self._described(candidate.relation.target, self._shapes[candidate.relation.target])
            and not self._stands_between(candidate.relation.target)
        ]

    def _stands_between(self, label: str) -> bool:
        """Tell whether nodes without a name or words lead on, with a number, to things that have one, as an order does."""
        shapes = self._shapes[label]
        return not (shapes.named or shapes.text) and any(
            kind.source == label and self._shapes[kind.target].named and self._candidate(kind).weights
            for kind in self._between
        )

    def _undecided(self, left: list[_Candidate], why: str) -> UndecidedSchemaError:
        relations = [candidate.relation for candidate in left]
        by_option: list[tuple[Option, list[str]]] = [
            ("item", [kind.target for kind in relations]),
            ("user", [kind.source for kind in relations]),
            ("interaction", [kind.type for kind in relations]),
        ]
        option, choices = next((option, names) for option, names in by_option if len(set(names)) > 1)
        return UndecidedSchemaError(
            f"{self._profile.where}: expected one relation from users to items; found {_listed(relations)}: {why}.",
            option,
            list(dict.fromkeys(choices)),
        )

    def _undecided_about(self, doubtful: list[_Candidate]) -> UndecidedSchemaError:
        relations = [candidate.relation for candidate in doubtful]
        users = dict.fromkeys(kind.source for kind in relations)
        return UndecidedSchemaError(
            f"{self._profile.where}: expected relations from users, to whom nothing leads, to items that say something "
            f"of themselves; found {_listed(relations)}, which may be that or not.",
            "user",
            [*users, NOBODY],
        )

    def _candidate(self, kind: RelationProfile) -> _Candidate:
        times = [name for name, values in kind.properties.items() if is_time(name, values)]
        weights = [
            name for name, values in kind.properties.items() if name not in times and looks_like_weight(name, values)
        ]
        if self._choices.weight in kind.properties:
            weights = [str(self._choices.weight)]
        return _Candidate(kind, tuple(weights), times[0] if times else None)

    def _item_without_users(self) -> str:
        if self._choices.item:
            self._reasons["item.label"] = "--item says so"
            return self._choices.item
        labels = list(self._profile.labels)
        targets = {kind.target for kind in self._between}
        leading = [label for label in labels if label not in targets and any(k.source == label for k in self._between)]
        described = [label for label in leading if self._described(label, self._shapes[label])]
        if len(labels) == 1 or len(described) == 1:
            (label,) = described or labels
            doubtful = [kind for kind in self._between if kind.source == label and self._may_be_interaction(kind)]
            if doubtful:
                raise UndecidedSchemaError(
                    f"{self._profile.where}: expected to find what is recommended; found {_listed(doubtful)}, and it may "
                    f"be at either end.",
                    "item",
                    list(dict.fromkeys([*(kind.target for kind in doubtful), label])),
                )
            self._reasons["item.label"] = "it leads to everything else, and nothing leads to it"
            return label
        raise UndecidedSchemaError(
            f"{self._profile.where}: expected to find what is recommended; found the labels {_listed(labels)} and no "
            f"relation with a weight or a time.",
            "item",
            described or labels,
        )

    # What its properties mean

    def _interaction_schema(self, candidate: _Candidate) -> InteractionSchema:
        kind = candidate.relation
        if self._choices.weight is not None and self._choices.weight not in kind.properties:
            raise SchemaError(
                f"{self._profile.where}: expected a property of {kind} for --weight, found '{self._choices.weight}'. "
                f"There are: {_listed(kind.properties)}.",
                remedy="Nothing was loaded.",
            )
        if candidate.time:
            self._reasons["interaction.time"] = f"the values of '{candidate.time}' are moments"
        text = next(iter(running_texts(kind.properties)), None)
        if text:
            self._reasons["interaction.text"] = f"the values of '{text}' are sentences"
        if self._choices.kind == "unary" or not candidate.weights:
            self._reasons["interaction.kind"] = (
                "--kind says so" if self._choices.kind else "it has no number, such as a rating or a count"
            )
            return InteractionSchema(type=kind.type, text=text, kind="unary", time=candidate.time)
        name, weight = self._weight(candidate)
        return InteractionSchema(
            type=kind.type, text=text, weight=name, time=candidate.time, kind=weight.kind, scale=weight.scale
        )

    def _weight(self, candidate: _Candidate) -> tuple[str, Weight]:
        properties = candidate.relation.properties
        found: dict[str, Weight] = {}
        for name in candidate.weights:
            try:
                found[name] = weight_of(name, properties[name], self._choices.kind)
            except UndecidedKindError as error:
                if len(candidate.weights) == 1:
                    raise UndecidedSchemaError(
                        f"{self._profile.where}: expected to see whether '{name}' of {candidate.relation} is a rating "
                        f"or a count; found {error}.",
                        "kind",
                        ["rating", "count", "unary"],
                    ) from error
        ratings = [name for name, weight in found.items() if weight.kind == "rating"]
        left = ratings if len(ratings) == 1 else list(found) if len(found) == 1 else []
        if not left:
            raise UndecidedSchemaError(
                f"{self._profile.where}: expected one weight of {candidate.relation}; found "
                f"{_listed(candidate.weights)}.",
                "weight",
                candidate.weights,
            )
        (name,) = left
        self._reasons["interaction.weight"] = (
            "--weight says so" if self._choices.weight == name else f"the values of '{name}' weigh the relation"
        )
        self._reasons["interaction.kind"] = "--kind says so" if self._choices.kind else found[name].reason
        return name, found[name]

    def _user(self, node: LabelProfile) -> UserSchema:
        text = tuple(self._shapes[node.label].text)
        if node.why_id:
            self._reasons["user.id"] = node.why_id
        if text:
            self._reasons["user.text"] = _why_text(text)
        return UserSchema(label=node.label, id=node.id, text=text)

    def _item(self, node: LabelProfile) -> ItemSchema:
        shapes = self._shapes[node.label]
        title, why = shapes.title, shapes.why
        if self._choices.title is not None:
            if self._choices.title not in node.properties:
                raise SchemaError(
                    f"{self._profile.where}: expected a property of {node.label} for --title, found "
                    f"'{self._choices.title}'. There are: {_listed(node.properties)}.",
                    remedy="Nothing was loaded.",
                )
            title, why = self._choices.title, "--title says so"
        elif len(shapes.titles) > 1:
            raise UndecidedSchemaError(
                f"{self._profile.where}: expected one property that a {node.label} is called by; found "
                f"{_listed(shapes.titles)}.",
                "title",
                shapes.titles,
            )
        self._reasons["item.id"] = node.why_id or "its header says so"
        self._reasons["item.title"] = why
        text = tuple(name for name in shapes.text if name != title)
        if text:
            self._reasons["item.text"] = _why_text(text)
        else:
            self._reasons["item.text"] = _why_no_text(node, title)
        if shapes.released:
            self._reasons["item.released"] = (
                f"the values of '{shapes.released}' are dates, of which the year counts"
                if shapes.dated
                else f"the values of '{shapes.released}' are years"
            )
        else:
            self._reasons["item.released"] = "no property holds years, or dates of a release"
        numeric = tuple(name for name in shapes.numeric if name != shapes.released)
        aliases = self._aliases(node, title, text)
        if aliases:
            self._reasons["item.aliases"] = "they are short texts, called as names are"
        return ItemSchema(
            label=node.label,
            id=node.id,
            title=title,
            aliases=aliases,
            text=text,
            released=shapes.released,
            numeric=numeric,
        )

    def _aliases(self, node: LabelProfile, title: str, text: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            name
            for name, values in node.properties.items()
            if name not in (title, node.id, *text) and holds_aliases(name, values)
        )

    def _entity(self, node: LabelProfile) -> EntitySchema:
        shapes = self._shapes[node.label]
        self._reasons[f"entities.{node.label}.title"] = shapes.why
        if node.why_id:
            self._reasons[f"entities.{node.label}.id"] = node.why_id
        text = tuple(name for name in shapes.text if name != shapes.title)
        return EntitySchema(
            title=shapes.title,
            id=node.id if node.why_id else None,
            aliases=self._aliases(node, shapes.title, text),
            text=text,
        )

    def _title(self, label: str, item: ItemSchema, entities: dict[str, EntitySchema]) -> str:
        return item.title if label == item.label else entities[label].title

    def _reachable(self, item: str, user: str | None) -> set[str]:
        """Return the labels that a path joins to the item, other than through users."""
        found, new = {item}, [item]
        while new:
            label = new.pop()
            for kind in self._profile.relations:
                if user in (kind.source, kind.target):
                    continue
                for end, other in ((kind.source, kind.target), (kind.target, kind.source)):
                    if end == label and other not in found:
                        found.add(other)
                        new.append(other)
        return found

    def _phrases(self, item: str, user: str | None) -> dict[str, str]:
        phrases = {
            kind.type: phrase_from(kind.type, kind.target) for kind in self._profile.relations if kind.source == item
        }
        for kind in self._profile.relations:
            if kind.target == item and kind.source not in (item, user):
                phrases.setdefault(kind.type, "with {}")
        return phrases


def are_people(label: str) -> bool:
    """Tell whether a label is called as people are who use something: "User", "AppUsers"; not "UserGroup"."""
    last = words_of(label)[-1:]
    return any(word in _NAMES_OF_PEOPLE or word.removesuffix("s") in _NAMES_OF_PEOPLE for word in last)


def _why_text(names: Sequence[str]) -> str:
    """Return why these properties are the running text."""
    return "its values are sentences" if len(names) == 1 else "their values are sentences, the longest first"


def _why_no_text(node: LabelProfile, title: str) -> str:
    """Return why no property of the items is running text."""
    short = [
        name
        for name, values in node.properties.items()
        if values.type == "string" and not values.array and name not in (node.id, title)
    ]
    if not short:
        return f"there is no other text than '{title}'"
    return f"it takes {RUNNING_WORDS} words on average; there are fewer in {_listed(short)}"


def _listed(names: Iterable[object]) -> str:
    shown = list(map(str, names))
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "") if shown else "none"


def _shell(value: str) -> str:
    return f"'{value}'" if any(character.isspace() for character in value) else value
