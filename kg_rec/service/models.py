"""What is asked and answered over HTTP, as OpenAPI shows it. docs/service.md tells it route by route."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kg_rec.graph.events import Kind

MOST_WORDS = 10_000
"""Characters of a person's words."""
MOST_ITEMS = 200
"""Items of one answer."""
MOST_EVENTS = 100
_MOST_NAMED = 100
_MOST_NEW = 50
_LONGEST_NAME = 1000

Polarity = Literal[1, -1]


def _plain(text: str) -> str:
    """Refuse what no name and no id holds: Neo4j would store it, and nobody could type it again."""
    if any(character < " " or character == "\x7f" for character in text):
        raise ValueError("expected text without control characters, found one")
    return text


def _written(text: str) -> str:
    """Refuse what nobody writes."""
    if "\x00" in text:
        raise ValueError("expected text, found a null character in it")
    return text


Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME), AfterValidator(_plain)]
Words = Annotated[
    str,
    Field(max_length=MOST_WORDS, description=f"What somebody says they like, up to {MOST_WORDS:,} characters."),
    AfterValidator(_written),
]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


def _storable(value: str | float) -> str | float:
    """Refuse whole numbers that Neo4j cannot store."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("expected a whole number of 64 bits, found a larger one")
    return value


Value = Annotated[Words | int | Finite | bool, AfterValidator(_storable)]


class _Asked(BaseModel):
    """What is sent: nothing that is not known, nothing that has to be guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WantedInterest(_Asked):
    """An interest as the person has it: found in the words, and perhaps made stronger, weaker, or turned."""

    entity: Name = Field(description="Key of the entity, as `Genre/Horror`.")
    score: Share = 1.0
    polarity: Polarity = 1


class Recommend(_Asked):
    """Whom to recommend to: `words`, or a `user` of the graph. `interests` take the place of those found in the words."""

    words: Words | None = None
    user: Name | None = None
    interests: list[WantedInterest] | None = Field(default=None, max_length=_MOST_NAMED)
    k: int = Field(default=10, ge=1, le=MOST_ITEMS)
    where: list[Name] = Field(default=[], max_length=20, description="Conditions that all items meet, as `year>=2000`.")
    exclude: list[Name] = Field(default=[], max_length=MOST_ITEMS, description="Ids, keys or titles of items.")
    diversity: float = Field(default=0.0, ge=0, le=1, allow_inf_nan=False)


class Understand(_Asked):
    """Words to be understood; nothing is stored, and nothing recommended."""

    words: Words


class Attach(_Asked):
    """What a person says. With `k`, that many recommendations come with the answer."""

    words: Words
    k: int = Field(default=0, ge=0, le=MOST_ITEMS)


class SetInterest(_Asked):
    """An interest that the person sets: it replaces what was found in their words, and stays when these change."""

    entity: Name = Field(description="Key or name of the entity.")
    score: Share = 1.0
    polarity: Polarity = 1


class ChangeInterests(_Asked):
    """Interests to set and to take away; all of them or none."""

    set: list[SetInterest] = Field(default=[], max_length=_MOST_NAMED)
    remove: list[Name] = Field(default=[], max_length=_MOST_NAMED, description="Keys or names of entities.")


class NewEvent(_Asked):
    """Something a person did with an item."""

    item: Name = Field(description="Id, key or title of the item.")
    kind: Kind
    value: float | None = Field(
        default=None, allow_inf_nan=False, description="The rating, of `rated`, on the scale of the graph."
    )


class Events(_Asked):
    """What a person did, in its order."""

    events: list[NewEvent] = Field(min_length=1, max_length=MOST_EVENTS)


class NewRelation(_Asked):
    """A relation of a new item, of a type that other items have."""

    type: Name
    entity: Name = Field(description="Key or name of the entity at its other end.")
    forward: bool | None = Field(
        default=None, description="Whether it leads from the item; needed only where the graph knows both directions."
    )


class NewItem(_Asked):
    """An item that the graph does not have yet."""

    id: Name
    title: Name
    words: Words = Field(default="", description="What it is about; becomes the first of schema.toml's item.text.")
    properties: dict[Name, Value] = Field(
        default={}, max_length=50, description="Any others, by name: numbers, truth values and texts."
    )
    relations: list[NewRelation] = Field(default=[], max_length=_MOST_NAMED)


class NewItems(_Asked):
    """Items to add, all or none."""

    items: list[NewItem] = Field(min_length=1, max_length=_MOST_NEW)


class FoundInterest(BaseModel):
    """An interest. span: where the evidence stands in the words, start and end in characters (code points of Unicode)."""

    key: str
    label: str
    name: str
    polarity: Polarity
    score: float
    source: Literal["named", "near", "person", "event"]
    evidence: str
    span: tuple[int, int] | None = None


class PathNode(BaseModel):
    """An entity along a path. relation: the type of the relation that leads to it from the one before, null at the first; forward:
    whether it points this way. Of people who liked both ends, key and label are null.
    """

    key: str | None
    label: str | None
    name: str
    relation: str | None = None
    forward: bool | None = None


class FoundItem(BaseModel):
    """A recommended item. path: from an interest to it, the one that speaks most; paths: all that `why` tells of."""

    key: str
    id: str
    title: str
    rank: int | None
    score: float
    probability: float | None
    parts: dict[str, float]
    properties: dict[str, Any]
    why: str
    path: list[PathNode]
    paths: list[list[PathNode]]
    statement: str


class Recommendations(BaseModel):
    """An answer. took_ms: milliseconds waiting in the queue and in each stage, for all that were answered together."""

    interests: list[FoundInterest]
    items: list[FoundItem]
    notes: list[str]
    model: str
    took_ms: dict[str, float]


class Understood(BaseModel):
    """The interests that words show, in their order."""

    interests: list[FoundInterest]
    model: str
    took_ms: dict[str, float]


class PersonAnswer(BaseModel):
    """A person and all their interests now. items, notes: with `k`, the recommendations."""

    person: str
    interests: list[FoundInterest]
    items: list[FoundItem] = []
    notes: list[str] = []
    model: str | None = None
    took_ms: dict[str, float] = {}


class ToldEvent(BaseModel):
    """Something a person did. times, at: how often, and when last."""

    item: str
    kind: Kind
    value: float | None
    times: int
    at: str


class PersonData(BaseModel):
    """All that is stored about a person."""

    person: str
    key: str
    of_graph: bool
    interests: list[dict[str, Any]]
    events: list[ToldEvent]
    interactions: list[dict[str, Any]]


class EventsAnswer(BaseModel):
    """How many events were recorded."""

    person: str
    recorded: int


class ItemsAnswer(BaseModel):
    """The keys of what was added. recommendable: whether `model`, which answers now, knows them already; note: why not."""

    items: list[str]
    recommendable: bool
    model: str
    note: str = ""


class FoundSimilar(BaseModel):
    """An item near to another one."""

    rank: int
    key: str
    id: str
    title: str
    cosine: float
    parts: dict[str, float]
    properties: dict[str, Any]
    why: str


class SimilarAnswer(BaseModel):
    """The items nearest to one."""

    to: str
    items: list[FoundSimilar]
    model: str


class FoundEntity(BaseModel):
    """An entity that an interest may point to."""

    key: str
    label: str
    name: str


class EntitiesAnswer(BaseModel):
    """Entities by name, the best match first."""

    entities: list[FoundEntity]


class AboutItem(BaseModel):
    """What is recommended: its label, and the properties with its id, its title and the year it is of."""

    label: str
    id: str
    title: str
    released: str | None


class About(BaseModel):
    """What is served. labels: of entities that interests may point to; examples: sentences of the graph's own names; browser:
    address of Neo4j Browser, where it is known.
    """

    model: str
    item: AboutItem
    items: int
    entities: int
    labels: list[str]
    examples: list[str]
    browser: str | None


class Health(BaseModel):
    """Whether it can answer. status: ready, degraded (the graph is away: words are answered, nothing is stored) or starting."""

    status: Literal["ready", "degraded", "starting"]
    parts: dict[str, str]


class Problem(BaseModel):
    """What went wrong (RFC 9457). remedy: what to do about it; errors: each place in the request that is not in order."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str = ""
    errors: list[dict[str, str]] = []
    request: str = ""
