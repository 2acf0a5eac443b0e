"""What single properties look like: a title, running words, a year, a moment, a rating, a count."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kg_rec.graph.csv_folder import Values
from kg_rec.graph.csv_values import NUMERIC_TYPES, TEMPORAL_TYPES
from kg_rec.graph.profile import LabelProfile

_SAMPLE = 2000
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"[^\W\d_]+")
_WHOLE_WORD = re.compile(r"\b[^\W\d_]{2,}\b")
RUNNING_WORDS = 5
"""Words that the values of a property have on average, at least, for it to be running text."""
_SHORT = 80
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:$|[T ])")

# Words that name properties in data of any kind. They decide only where the values allow it.
_TITLES = (
    *("title", "name", "label", "headline", "caption", "displayname", "fullname"),
    *("titel", "titre", "titulo", "título", "titolo", "naam", "nom", "nombre", "nome"),
    *("标题", "名称", "タイトル", "名前", "название", "имя"),
)
_ALIASES = ("alias", "aliases", "aka", "synonym", "synonyms", "nickname", "alternative", "titles", "names")
_RATINGS = frozenset(
    [
        *("rating", "rate", "rated", "stars", "star", "score", "grade", "mark", "note", "vote", "points", "evaluation"),
        *("bewertung", "sterne", "nota", "étoiles", "estrellas", "评分"),
    ]
)
_COUNTS = frozenset(
    [
        "count",
        "counts",
        "plays",
        "playcount",
        "times",
        "quantity",
        "qty",
        "number",
        "listens",
        "views",
        "visits",
        "clicks",
        "purchases",
        "amount",
        "hours",
        "minutes",
        "frequency",
        "listeningcount",
        "listens",
        "bought",
        "anzahl",
        "menge",
        "nombre",
        "cantidad",
        "次数",
        "数量",
    ]
)
_WEIGHTS = frozenset(["weight", "weights", "preference", "affinity", "gewicht", "poids", "peso"])
"""Words for either."""
_RELEASES = ("year", "released", "release", "published", "publication", "jahr", "année", "año", "年")
_TIMES = frozenset(["time", "timestamp", "date", "at", "when", "datetime"])
_PREPOSITIONS = frozenset(
    [
        "by",
        "from",
        "in",
        "with",
        "to",
        "for",
        "of",
        "at",
        "on",
        "about",
        "like",
        "under",
        "after",
        "near",
        "into",
        "through",
        "as",
    ]
)


@dataclass(slots=True)
class PropertyShapes:
    """What the properties of one label look like.

    title: the property its nodes are called by, `why` the reason; titles: more than one where none stands out; named:
    whether its values are words; text: those in running words, longest first; released: with years, or with dates; dated:
    whether with dates; numeric: other numbers that are no ids.
    """

    id: str
    title: str = ""
    why: str = ""
    titles: tuple[str, ...] = ()
    named: bool = False
    text: list[str] = field(default_factory=list)
    released: str | None = None
    dated: bool = False
    numeric: list[str] = field(default_factory=list)
    _texts: set[str] = field(default_factory=set)

    def is_text(self, name: str) -> bool:
        """Whether the values of property `name` are words, and no codes."""
        return name in self._texts


def shapes_of(node: LabelProfile) -> PropertyShapes:
    """Return what the properties of `node` look like."""
    shapes = PropertyShapes(node.id)
    words = _words_by_name(node.properties)
    shapes._texts.update(name for name, shape in words.items() if shape.readable)
    years: list[str] = []
    dates: list[str] = []
    for name, values in node.properties.items():
        if values.array:
            continue
        if are_dates(values):
            dates.append(name)
        if values.type in NUMERIC_TYPES and name != node.id:
            present = [value for value in values.values if value is not None]
            if len(set(present)) > 1 and are_years(present):
                years.append(name)
            if present and not _is_number_of_a_thing(name, values, present):
                shapes.numeric.append(name)
    shapes.text = [name for name in _running(words) if name != node.id]
    shapes.released = _release(years)
    if shapes.released is None:
        shapes.released = _released_on(dates)
        shapes.dated = shapes.released is not None
    _choose_title(node, shapes, words)
    shapes.named = shapes.title in words and words[shapes.title].wordlike >= 0.5
    return shapes


@dataclass(frozen=True, slots=True)
class _Words:
    """coverage: share of nodes that have a value; distinct: share of values that are different; running: words in the
    mean; readable: whether most values are words rather than codes; short: whether most would fit into a line."""

    coverage: float
    distinct: float
    running: float
    wordlike: float
    readable: bool
    short: bool


def running_texts(properties: Mapping[str, Values]) -> list[str]:
    """Return the properties in running words, longest first."""
    return _running(_words_by_name(properties))


def word_count(text: str) -> float:
    """Return how many words there are; two characters of a script without spaces between words count as one."""
    return len(_WORD.findall(_CJK.sub("", text))) + len(_CJK.findall(text)) / 2


def _running(words: Mapping[str, _Words]) -> list[str]:
    running = [name for name, shape in words.items() if shape.running >= RUNNING_WORDS]
    return sorted(running, key=lambda name: -words[name].running)


def _words_by_name(properties: Mapping[str, Values]) -> dict[str, _Words]:
    return {
        name: _words(values.values)
        for name, values in properties.items()
        if values.type in ("string", "char") and not values.array
    }


def _words(values: Sequence[str | None]) -> _Words:
    present = [value for value in values if value]
    if not present:
        return _Words(0, 0, 0, 0, False, False)
    sample = present[:: max(1, len(present) // _SAMPLE)]
    count = len(sample)
    running = sum(map(word_count, sample)) / count
    wordlike = sum(bool(_WHOLE_WORD.search(text) or _CJK.search(text)) for text in sample) / count
    letters = sum(bool(_WORD.search(text)) for text in sample) / count
    length = sum(map(len, sample)) / count
    codes = wordlike < 0.5 and length >= 6
    return _Words(
        coverage=len(present) / len(values),
        distinct=len(set(present)) / len(present),
        running=running,
        wordlike=wordlike,
        readable=letters >= 0.8 and not codes,
        short=sum(len(text) <= _SHORT for text in sample) / count >= 0.9,
    )


def _choose_title(node: LabelProfile, shapes: PropertyShapes, words: dict[str, _Words]) -> None:
    def choose(name: str, why: str) -> None:
        shapes.title, shapes.why = name, why

    usable = [name for name, shape in words.items() if shape.readable and shape.coverage >= 0.5]
    for wanted in _TITLES:
        for name in usable:
            if _plain(name) == wanted:
                return choose(name, f"it is called '{name}'")
    named = [name for name in usable if _plain(name).endswith(_TITLES[:2])]
    if len(named) == 1:
        return choose(named[0], f"it is called '{named[0]}'")
    short = [
        name
        for name in usable
        if words[name].short
        and words[name].coverage >= 0.9
        and words[name].wordlike >= 0.8
        and (words[name].distinct >= 0.5 or name == node.id)
    ]
    short = [name for name in short if name not in shapes.text] or short
    if node.id in usable and set(short) <= {node.id}:
        return choose(node.id, "the id is the only short text")
    if short:
        shapes.titles = tuple(short)
        return choose(short[0], "it is the only short text" if len(short) == 1 else "it is the first short text")
    return choose(node.id, "there is no short text but the id")


def holds_aliases(name: str, values: Values) -> bool:
    """Tell whether a property holds further names, as "originalTitle" or "aliases" does: short texts, called so."""
    if not _parts(name) & {*_TITLES, *_ALIASES}:
        return False
    present = [value for value in values.values if value is not None][:_SAMPLE]
    texts = [text for value in present for text in (value if isinstance(value, list) else [value])]
    return bool(texts) and all(isinstance(text, str) and len(text) <= 2 * _SHORT for text in texts)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def words_of(name: str) -> list[str]:
    """Return the words of a name, as playCount, play_count or PLAY-COUNT, in lower case."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).replace("_", " ")
    return [part.lower() for part in re.findall(r"[^\W\d_]+", spaced)]


def _parts(name: str) -> set[str]:
    return set(words_of(name))


def is_year(value: object) -> bool:
    """Tell whether a value is a year: a whole number of four digits."""
    return isinstance(value, int | float) and 1000 <= value <= 2100 and value == int(value)


def are_years(values: Sequence[object]) -> bool:
    """Tell whether values are years, but for a few slips."""
    return sum(map(is_year, values)) >= 0.95 * len(values)


def year_of(value: Any) -> Any:
    """Return the year of a date, in whatever way it is written: of a type for them, as "2024-01-31", as 20240131.

    Anything else is returned as it is, a year among it.
    """
    if isinstance(value, str):
        return int(value[:4]) if _ISO_DATE.match(value) else value
    if isinstance(value, int | float):
        return int(value) // 10_000 if _are_days([value]) else value
    return getattr(value, "year", value)


def _are_days(values: Sequence[float]) -> bool:
    """Whether the numbers are days, as 20240131."""
    return all(value == int(value) and 19000101 <= value <= 21001231 for value in values)


def are_dates(values: Values) -> bool:
    """Whether the values are dates in any way of writing: of a type for them, as 20240131, or as "2024-01-31"."""
    present = [value for value in values.values if value is not None][:_SAMPLE]
    if values.type in TEMPORAL_TYPES or not present:
        return values.type in TEMPORAL_TYPES
    if values.type in NUMERIC_TYPES:
        return _are_days(present)
    return values.type == "string" and all(_ISO_DATE.match(value) for value in present)


def _release(years: list[str]) -> str | None:
    if len(years) == 1:
        return years[0]
    for wanted in _RELEASES:
        named = [name for name in years if wanted in _plain(name)]
        if len(named) == 1:
            return named[0]
    return None


def _released_on(dates: list[str]) -> str | None:
    """Return the property with the date of release. Of one called so alone: a date may be that of anything else."""
    for wanted in _RELEASES:
        named = [name for name in dates if wanted in _plain(name)]
        if named:
            return named[0] if len(named) == 1 else None
    named = [name for name in dates if "date" in _parts(name)]
    return named[0] if len(named) == 1 else None


def _is_number_of_a_thing(name: str, values: Values, present: Sequence[float]) -> bool:
    """Whether the numbers only name the node, in another system."""
    if re.search(r"(^|_)id$|[a-z]I[dD]$", name) or name.lower() == "id":
        return True
    whole = values.type not in ("float", "double")
    return whole and len(present) >= 20 and len(set(present)) == len(present)


# Properties of relations


def is_time(name: str, values: Values) -> bool:
    """Whether the values are moments: dates, or seconds or milliseconds since 1970."""
    if values.array:
        return False
    if values.type in TEMPORAL_TYPES:
        return True
    present = [value for value in values.values if value is not None]
    if values.type not in NUMERIC_TYPES or not present:
        return False
    seconds = all(1e8 <= value < 5e9 for value in present)
    milliseconds = all(1e11 <= value < 5e12 for value in present)
    return seconds or milliseconds or (bool(_parts(name) & _TIMES) and all(value >= 1e6 for value in present))


def looks_like_weight(name: str, values: Values) -> bool:
    """Whether the values can weigh a relation: numbers, not all the same, neither years nor days as 20240131."""
    if values.array or values.type not in NUMERIC_TYPES:
        return False
    present = [value for value in values.values if value is not None]
    if len(set(present)) < 2 or re.search(r"(^|_)id$|[a-z]I[dD]$", name):
        return False
    years = are_years(present) and all(value >= 1800 for value in present)
    return not (years or _are_days(present))


def is_called_weight(name: str) -> bool:
    """Tell whether a property is called as ratings and counts are: "stars", "playCount", "weight"."""
    return bool(_parts(name) & (_RATINGS | _COUNTS | _WEIGHTS))


@dataclass(frozen=True, slots=True)
class Weight:
    """What the weight of the interaction is."""

    kind: Literal["rating", "count", "unary"]
    scale: tuple[float, float] | None
    reason: str


class UndecidedKindError(Exception):
    """The values could be ratings or counts."""


def weight_of(name: str, values: Values, given: Literal["rating", "count", "unary"] | None = None) -> Weight:
    """Return whether the values are ratings or counts, and the scale. `given`: what the person said.

    Raises UndecidedKindError saying what the values are like.
    """
    present = [value for value in values.values if value is not None]
    counts = Counter(present)
    low, high = min(counts), max(counts)
    span = f"{len(counts):,} different values from {low:g} to {high:g}"
    called = _parts(name)
    scale = _scale(counts)
    if given == "rating" or (given is None and called & _RATINGS):
        found = scale or (float(low), float(high))
        return Weight("rating", found, f"'{name}' is a word for it; {span}: a scale of {found[0]:g} to {found[1]:g}")
    if given == "count" or (given is None and low >= 0 and called & _COUNTS):
        return Weight("count", None, f"'{name}' is a word for it; {span}")
    if scale is None:
        if low < 0:
            raise UndecidedKindError(span)
        return Weight("count", None, f"{span}, more than a scale has")
    if low >= 1 and all(count < counts[low] for value, count in counts.items() if value != low):
        raise UndecidedKindError(f"{span}, most of them {low:g}")
    return Weight("rating", scale, f"{span}: a scale of {scale[0]:g} to {scale[1]:g}")


def _scale(counts: Counter[float]) -> tuple[float, float] | None:
    """Return the scale that the values look like, or None where they are on none."""
    low, high = min(counts), max(counts)
    if low < 0:
        end = max(-low, high)
        return (-float(end), float(end)) if end <= 10 and len(counts) <= 41 else None
    if high > 100:
        return None
    tops = (1, 5, 10, 100)
    many = sum(counts.values()) >= 50
    top = float(high) if many and high > 1 and high == int(high) else float(next(end for end in tops if high <= end))
    if top > 10 and top <= 20 and many:
        pass  # marks out of 20
    elif top > 10:
        # Percentages step by fives or tens, or are high in the mean; a count has its mass at the low end.
        mean = sum(value * count for value, count in counts.items()) / sum(counts.values())
        if not (all(value % 5 == 0 for value in counts) or mean > 50):
            return None
        return 0.0, 100.0
    if len(counts) > 101:
        return None
    bottom = max(end for end in (0, 0.5, 1) if end <= low) if top > 1 else 0
    return float(bottom), top


def phrase_from(relation_type: str, target: str) -> str:
    """Return how a relation from the item reads in words, as "directed by {}" for DIRECTED_BY.

    Only the type's and the target's names are known, so that it is right in any domain, and plain: HAS_TOPIC gives
    "with {}", IN_CITY "in {}", LOCATED_IN "located in {}".
    """
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", relation_type).replace("_", " ").replace("-", " ")
    words = spaced.lower().split()
    named = set(_parts(target)) | {f"{part}s" for part in _parts(target)}
    if words and words[0] in ("has", "have", "having", "with", "contains", "includes"):
        return "with {}"
    if len(words) > 1 and words[0] in ("is", "was", "are"):
        words = words[1:]
    while len(words) > 1 and (words[-1] in named or (words[0] in _PREPOSITIONS and words[-1] not in _PREPOSITIONS)):
        words = words[:-1]
    if not words or set(words) <= named:
        return "with {}"
    return f"{' '.join(words)} {{}}"
