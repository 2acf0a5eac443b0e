"""RDF: types become labels, relations between things become relations, literals become properties.

N-Triples are read a line at a time, all else by rdflib as a whole. The statements come in any order, and a row of CSV needs
all of a thing at once: they wait in a temporary database on disk, and in memory there are only the things and their types.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from kg_rec.convert.source import Source
from kg_rec.convert.writer import GraphWriter, distinct
from kg_rec.graph.csv_folder import KEPT_LABELS, KEPT_TYPES
from kg_rec.graph.csv_values import parser
from kg_rec.graph.problems import quoted

if TYPE_CHECKING:
    from rdflib.term import Node

_WHOLE = {"ttl": "turtle", "rdf": "xml", "owl": "xml", "jsonld": "json-ld", "n3": "n3"}
"""By the ending of a file, what rdflib calls the format that it reads as a whole."""
_PATTERN = rf".*\.(nt|{'|'.join(_WHOLE)})"

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_TYPE, _FIRST, _REST, _NIL = f"{_RDF}type", f"{_RDF}first", f"{_RDF}rest", f"{_RDF}nil"
_SUBCLASS = f"{_RDFS}subClassOf"
_DOMAIN, _RANGE = f"{_RDFS}domain", f"{_RDFS}range"

_VOCABULARY = (_RDF, _RDFS, _OWL)
"""What has a type of these says what words mean, and is nothing in the graph; but what is only an individual is."""
_NOTHING = f"{_OWL}Thing"
_NO_TYPES = frozenset([_NOTHING, f"{_OWL}NamedIndividual", f"{_RDFS}Resource"])
_ABOUT_STATEMENTS = frozenset([f"{_OWL}sameAs", f"{_OWL}differentFrom", f"{_RDFS}seeAlso", f"{_RDFS}isDefinedBy"])
_HAS = re.compile(r"Has(?=[A-Z])(.+)")
_ADDRESSES = frozenset(["homepage", "page", "url", "image", "img", "depiction", "thumbnail", "logo", "website"])
"""Local names of what leads to a page or a picture, which is no thing of the graph unless it says something of itself."""
_NAMES = ("prefLabel", "label", "name", "title")
"""Local names of what things are called by, the best first."""
_NO_NAMES = frozenset(["http://xmlns.com/foaf/0.1/title"])
_ALIASES = frozenset(["altLabel", "alternateName", "alternative", "alias", "nick"])
_KEPT_NAMES = frozenset(["iri", "name", "aliases", "key"])

_TYPES = {
    **dict.fromkeys(("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger"), "long"),
    **dict.fromkeys(("unsignedInt", "unsignedLong", "unsignedShort", "negativeInteger", "gYear"), "long"),
    **dict.fromkeys(("decimal", "double", "float"), "double"),
    **{"boolean": "boolean", "date": "date", "dateTime": "datetime", "dateTimeStamp": "datetime"},
}

Text = tuple[str, str, str, str]
"""A literal: predicate, value, datatype, language."""


class Rdf:
    """N-Triples, and what rdflib reads: Turtle, RDF/XML, JSON-LD."""

    name = "rdf"
    looks_for = "*.nt, *.ttl, *.rdf, *.owl, *.jsonld or *.n3 (RDF)"

    def recognises(self, source: Source) -> bool:
        """Tell by the endings of the files."""
        return bool(source.matching(_PATTERN))

    def convert(self, source: Source, graph: GraphWriter) -> None:
        """Write things by their type, with names, aliases and properties, and the relations between them."""
        with (
            tempfile.TemporaryDirectory(prefix="kg-rec-") as folder,
            closing(_Statements(Path(folder) / "statements.db")) as statements,
            _quietly(),
        ):
            for name in source.matching(_PATTERN):
                scope = f"{name}\n"
                for subject, predicate, value in _triples(source, name):
                    statements.add(subject, str(predicate), value, scope)
            statements.settle()
            _write_things(statements, source.language, graph)
            _write_relations(statements, graph)


@contextmanager
def _quietly() -> Iterator[None]:
    """Have rdflib not tell of literals that are none of their datatype: they are kept as text."""
    logger = logging.getLogger("rdflib.term")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _triples(source: Source, name: str) -> Iterator[tuple[Node, Node, Node]]:
    ending = name.rpartition(".")[2].lower()
    if ending == "nt":
        yield from _lines(source, name)
        return
    from rdflib import Graph
    from rdflib.plugins.stores.memory import Memory

    found: dict[Any, None] = {}

    class InOrder(Memory):
        """Keeps the statements as they come: those of rdflib come out in another order each time."""

        def add(self, triple: Any, *_: Any, **__: Any) -> None:
            found[triple] = None

    whole = Graph(store=InOrder())
    try:
        with source.open(name) as file, warnings.catch_warnings():
            # Its parser of JSON-LD uses what rdflib itself announces to drop.
            warnings.simplefilter("ignore", DeprecationWarning)
            # Without a base of its own, what is relative would be under the folder it lies in.
            whole.parse(data=file.read(), format=_WHOLE[ending], publicID=f"file:///{quote(name)}")
    except Exception as error:  # each of its parsers has exceptions of its own
        line = getattr(error, "lines", None)
        what = str(getattr(error, "_why", None) or error).strip().splitlines()
        told = f"something else ({what[-1] if what else type(error).__name__})"
        source.unusable(name, f"RDF as *.{ending} has it", told, line=line + 1 if isinstance(line, int) else 0)
    yield from found


def _lines(source: Source, name: str) -> Iterator[tuple[Node, Node, Node]]:
    from rdflib.exceptions import ParserError
    from rdflib.plugins.parsers.ntriples import DummySink, W3CNTriplesParser

    class Sink(DummySink):
        def __init__(self) -> None:
            self.found: list[tuple[Node, Node, Node]] = []

        def triple(self, s: Node, p: Node, o: Node) -> None:
            self.found.append((s, p, o))

    sink = Sink()
    reader = W3CNTriplesParser(sink)
    known: dict[str, Any] = {}
    with closing(source.lines(name)) as lines:
        for number, line in enumerate(lines, start=1):
            reader.line = line.rstrip("\r\n")
            try:
                line.encode()
                reader.parseline(known)
            except (ParserError, ValueError):
                source.refuse(name, number, 0, "a statement as '<a> <b> <c> .'", quoted(line.strip()))
            yield from sink.found
            sink.found.clear()


class _Statements:
    """All statements, by subject on disk. labels: of each thing, the primary one first."""

    def __init__(self, path: Path) -> None:
        self._disk = sqlite3.connect(path, isolation_level=None)
        self._disk.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;"
            "CREATE TABLE literal (subject INTEGER, predicate TEXT, value TEXT, type TEXT, language TEXT);"
            "CREATE TABLE edge (subject INTEGER, predicate TEXT, object INTEGER);"
        )
        self._numbers: dict[str, int] = {}
        self.names: list[str] = []
        self._blank = 0
        self._types: defaultdict[int, list[str]] = defaultdict(list)
        self._ranges: dict[str, str] = {}
        self._first: dict[int, int | None] = {}
        self._rest: dict[int, int] = {}
        self._subjects: set[int] = set()
        self.labels: dict[int, tuple[str, ...]] = {}

    def add(self, subject: Node, predicate: str, value: Node, scope: str) -> None:
        """Keep a statement. scope: what the names of blank nodes are good for."""
        from rdflib.term import Literal, URIRef

        source = self._number(subject, scope)
        if isinstance(value, Literal):
            if predicate == _FIRST:
                self._first[source] = None
                return
            self._subjects.add(source)
            row = (source, predicate, str(value), str(value.datatype or ""), (value.language or "").lower())
            self._disk.execute("INSERT INTO literal VALUES (?, ?, ?, ?, ?)", row)
        elif predicate == _TYPE:
            self._subjects.add(source)
            self._types[source].append(str(value))
        elif predicate == _SUBCLASS:
            self._types[source].append(f"{_OWL}Class")
        elif predicate in (_DOMAIN, _RANGE):
            self._types[source].append(f"{_RDF}Property")
            if predicate == _RANGE and isinstance(value, URIRef):
                self._ranges.setdefault(str(subject), str(value))
        elif predicate == _FIRST:
            self._first[source] = self._number(value, scope)
        elif predicate == _REST:
            self._rest[source] = self._number(value, scope)
        elif predicate not in _ABOUT_STATEMENTS:
            self._subjects.add(source)
            self._disk.execute("INSERT INTO edge VALUES (?, ?, ?)", (source, predicate, self._number(value, scope)))

    def settle(self) -> None:
        """Take lists apart, addresses for text, and choose the labels of all things."""
        self._open_lists()
        self._take_addresses_for_text()
        vocabulary = {
            thing
            for thing, types in self._types.items()
            if any(name.startswith(_VOCABULARY) and name not in _NO_TYPES for name in types)
        }
        counts = Counter(
            name for thing, types in self._types.items() if thing not in vocabulary for name in set(types) - _NO_TYPES
        )
        led_to: defaultdict[int, list[str]] = defaultdict(list)
        for thing, predicate in self._disk.execute(
            "SELECT object, predicate FROM edge GROUP BY object, predicate ORDER BY object, MIN(rowid)"
        ):
            led_to[thing].append(predicate)
        for thing in dict.fromkeys([*sorted(self._subjects), *led_to]):
            if thing in vocabulary or (thing in self._first or thing in self._rest):
                continue
            types = [name for name in dict.fromkeys(self._types.get(thing, ())) if name not in _NO_TYPES]
            # The commonest first: songs belong under one label, though one of them is a ballad, too.
            ordered = sorted(types, key=lambda name: -counts[name])
            labels = tuple(dict.fromkeys(map(_label, ordered)))
            self.labels[thing] = labels or (self._label_led_to(led_to.get(thing, ())),)

    def _label_led_to(self, predicates: Sequence[str]) -> str:
        """Return the label of what has no type, by what leads to it: the range of a predicate, or "Genre" for `hasGenre`, or else
        "Resource", as everything is one: `writtenBy` says what was done, not what its end is.
        """
        ranges = [self._ranges[name] for name in predicates if self._ranges.get(name, _NOTHING) not in _NO_TYPES]
        if ranges:
            return _label(ranges[0])
        had = [match[1] for name in predicates if (match := _HAS.match(_label(name)))]
        return had[0] if had else "Resource"

    def things(self) -> Iterator[tuple[int, list[Text]]]:
        """Yield all things with their literals, those with one primary label together."""
        self._disk.execute("CREATE TABLE thing (number INTEGER, label TEXT)")
        self._disk.executemany(
            "INSERT INTO thing VALUES (?, ?)", ((thing, labels[0]) for thing, labels in self.labels.items())
        )
        self._disk.execute("CREATE INDEX by_subject ON literal (subject)")
        return self.again()

    def again(self) -> Iterator[tuple[int, list[Text]]]:
        """Yield what `things` did."""
        rows = self._disk.execute(
            "SELECT thing.number, predicate, value, type, language FROM thing LEFT JOIN literal ON subject = thing.number "
            "ORDER BY thing.label, thing.number, literal.rowid"
        )
        for thing, found in groupby(rows, key=lambda row: int(row[0])):
            yield thing, [(row[1], row[2], row[3], row[4]) for row in found if row[1] is not None]

    def edges(self) -> Iterator[tuple[int, str, int]]:
        """Yield subject, predicate and object of all relations, sorted by predicate."""
        return iter(self._disk.execute("SELECT subject, predicate, object FROM edge ORDER BY predicate, rowid"))

    def close(self) -> None:
        """Forget everything."""
        self._disk.close()

    def _number(self, node: Node, scope: str) -> int:
        from rdflib.term import BNode

        blank = isinstance(node, BNode)
        name = f"{scope}{node}" if blank else str(node)
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.names)
            # rdflib names blank nodes at random; the same source must give the same ids.
            self._blank += blank
            self.names.append(f"_:{self._blank}" if blank else name)
        return number

    def _open_lists(self) -> None:
        """Have what leads to a list lead to all that is in it."""
        heads = (
            [
                (rowid, subject, predicate, head)
                for rowid, subject, predicate, head in self._disk.execute(
                    "SELECT rowid, subject, predicate, object FROM edge"
                )
                if head in self._first or self.names[head] == _NIL
            ]
            if self._first or _NIL in self._numbers
            else []
        )
        for rowid, subject, predicate, head in heads:
            self._disk.execute("DELETE FROM edge WHERE rowid = ?", (rowid,))
            seen: set[int] = set()
            at: int | None = head
            while at is not None and at in self._first and at not in seen:
                seen.add(at)
                if (member := self._first[at]) is not None:
                    self._disk.execute("INSERT INTO edge VALUES (?, ?, ?)", (subject, predicate, member))
                at = self._rest.get(at)

    def _take_addresses_for_text(self) -> None:
        found = [
            (rowid, subject, predicate, self.names[address])
            for rowid, subject, predicate, address in self._disk.execute(
                "SELECT rowid, subject, predicate, object FROM edge"
            )
            if local_name(predicate) in _ADDRESSES and address not in self._subjects
        ]
        for rowid, subject, predicate, address in found:
            self._disk.execute("DELETE FROM edge WHERE rowid = ?", (rowid,))
            self._disk.execute("INSERT INTO literal VALUES (?, ?, ?, '', '')", (subject, predicate, address))


@lru_cache(maxsize=4096)
def local_name(iri: str) -> str:
    """Return the last part of an IRI: "directedBy" of "http://example.org/words#directedBy"."""
    return unquote(re.split(r"[#/:]", iri.rstrip("#/:"))[-1])


def _pascal(iri: str) -> str:
    words = re.findall(r"\w+", local_name(iri).replace("_", " "))
    return "".join(word[0].upper() + word[1:] for word in words)


def _label(iri: str) -> str:
    label = _pascal(iri) or "Resource"
    return f"{label}_" if label in KEPT_LABELS else label


def _relation_type(iri: str) -> str:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", local_name(iri))
    name = "_".join(re.findall(r"[^\W_]+", spaced)).upper() or "RELATED_TO"
    return f"{name}_" if name in KEPT_TYPES else name


@lru_cache(maxsize=4096)
def _property(iri: str) -> str:
    name = _pascal(iri)
    name = name[:1].lower() + name[1:] or "value"
    return f"{name}_" if name in _KEPT_NAMES else name


def _called(thing: str, texts: list[Text], language: str) -> tuple[str | None, list[str], dict[str, list[Text]]]:
    """Return name, aliases and other properties of a thing, in the language where there are several."""
    names: list[tuple[int, int, str]] = []
    aliases: list[str] = []
    rest: defaultdict[str, list[Text]] = defaultdict(list)
    for text in texts:
        local = local_name(text[0])
        if local in _NAMES and text[0] not in _NO_NAMES:
            names.append((_rank(text[3], language), _NAMES.index(local), text[1]))
        elif local in _ALIASES:
            aliases.append(text[1])
        else:
            rest[_property(text[0])].append(text)
    names.sort(key=lambda found: found[:2])
    name = names[0][2] if names else _name_from(thing)
    others = [other for other in distinct([*(found[2] for found in names), *aliases]) if other != name]
    return name, others, {property_name: _preferred(found, language) for property_name, found in rest.items()}


def _name_from(thing: str) -> str | None:
    """Return the name in an IRI, "salt lakes" of `…/salt_lakes`; None where there is a number or a code."""
    local = local_name(thing)
    return local.replace("_", " ") if not thing.startswith("_:") and re.search(r"[^\W\d_]{2}", local) else None


def _rank(found: str, language: str) -> int:
    """Return how near a language is to the preferred one: 0 itself, 1 without any, 2 others."""
    return 0 if found.partition("-")[0] == language else 2 if found else 1


def _preferred(texts: list[Text], language: str) -> list[Text]:
    """Return the texts in the best language among them, each once."""
    best = min(texts, key=lambda text: _rank(text[3], language))[3]
    return list({text[1]: text for text in texts if text[3] == best}.values())


class _Column:
    """What a property of a label holds."""

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.several = False

    def see(self, texts: list[Text]) -> None:
        self.several |= len(texts) > 1
        for _, value, datatype, _ in texts:
            type_name = _TYPES.get(datatype.removeprefix(_XSD), "string")
            try:
                parser(type_name, {})(value)
            except ValueError:
                type_name = "string"
            self.types.add(type_name)

    @property
    def type(self) -> str:
        if self.types == {"long", "double"}:
            return "double"
        return next(iter(self.types)) if len(self.types) == 1 else "string"

    def header(self, name: str) -> str:
        type_name = self.type
        return f"{name}:{type_name}[]" if self.several else name if type_name == "string" else f"{name}:{type_name}"


def _write_things(statements: _Statements, language: str, graph: GraphWriter) -> None:
    columns: defaultdict[str, dict[str, _Column]] = defaultdict(dict)
    several: set[str] = set()
    for thing, texts in statements.things():
        labels = statements.labels[thing]
        if len(labels) > 1:
            several.add(labels[0])
        for name, found in _called(statements.names[thing], texts, language)[2].items():
            columns[labels[0]].setdefault(name, _Column()).see(found)
    rows, label = None, ""
    for thing, texts in statements.again():
        labels, identity = statements.labels[thing], statements.names[thing]
        own = columns[labels[0]]
        if rows is None or labels[0] != label:
            if rows is not None:
                rows.close()
            label = labels[0]
            more = [":LABEL"] if label in several else []
            header = [column.header(name) for name, column in own.items()]
            rows = graph.rows("nodes", label, ["iri:ID", *more, "name", "aliases:string[]", *header])
        called, aliases, values = _called(identity, texts, language)
        cells = [_cell(values.get(name), column) for name, column in own.items()]
        rows.write([identity, *([list(labels)] if label in several else []), called, aliases or None, *cells])
    if rows is not None:
        rows.close()


def _cell(texts: list[Text] | None, column: _Column) -> list[str] | str | None:
    if not texts:
        return None
    values = [text[1] for text in texts]
    return values if column.several else values[0]


def _write_relations(statements: _Statements, graph: GraphWriter) -> None:
    by_type: defaultdict[str, list[str]] = defaultdict(list)
    rows, last = None, ""
    more: list[str] = []
    for subject, predicate, target in statements.edges():
        if subject not in statements.labels or target not in statements.labels:
            continue
        if rows is None or predicate != last:
            if rows is not None:
                rows.close()
            last = predicate
            type_name = _relation_type(predicate)
            same = by_type[type_name]
            same.append(predicate)
            # Two vocabularies may have one word: its relations are of one type, in one file for each of them.
            more = [type_name] if len(same) > 1 else []
            header = [":START_ID", ":END_ID", *([":TYPE"] if more else [])]
            rows = graph.rows("relations", type_name, header, number=len(same))
        rows.write([statements.names[subject], statements.names[target], *more])
    if rows is not None:
        rows.close()


LAYOUT = Rdf()
