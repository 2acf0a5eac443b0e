"""The whole way in one object: load a graph, train, and recommend to somebody nobody has seen before, with the reasons.

>>> from kg_rec import Recommender                                                              # doctest: +SKIP
>>> with Recommender.open() as recommender:                                                     # doctest: +SKIP
...     for found in recommender.recommend("slow, sad science fiction like Arrival. No horror please."):
...         print(found.title, "-", found.why)
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import numpy as np

from kg_rec.counted import agreeing, counted
from kg_rec.errors import InputError, UnknownEntityError
from kg_rec.interest import Interest
from kg_rec.progress import SILENT, Progress
from kg_rec.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from pandas import DataFrame

    from kg_rec.convert.frames import Graph
    from kg_rec.graph.adopt import Adopted, Forgotten
    from kg_rec.graph.client import GraphClient
    from kg_rec.graph.counts import GraphSize
    from kg_rec.graph.csv_folder import GraphFolder
    from kg_rec.graph.explain import Explanation
    from kg_rec.graph.import_arguments import Sources
    from kg_rec.graph.load import LoadReport
    from kg_rec.graph.publish import PublishReport, UnpublishReport
    from kg_rec.graph.status import GraphStatus
    from kg_rec.graph.surroundings import Surroundings
    from kg_rec.model.artifact import Artifact
    from kg_rec.model.features import Entities
    from kg_rec.model.protocol import MakeNetwork
    from kg_rec.model.ranking import Ranked, Ranking
    from kg_rec.model.similarity import Similarity
    from kg_rec.model.training import TrainedModel, TrainingSettings
    from kg_rec.nearest import SimilarItems, SimilarPeople
    from kg_rec.schema import GraphSchema
    from kg_rec.schema_detour import Detour
    from kg_rec.schema_inference import SchemaChoices, UndecidedSchemaError
    from kg_rec.synchronise import Synced
    from kg_rec.text.encoder import TextEncoder
    from kg_rec.text.linker import Linker

_NEAR_NEIGHBOUR = 0.3
"""Least cosine of the words to a neighbour's name for the neighbour to explain an item that no interest leads to."""

_NEAR_TITLE = 80
"""Least likeness (rapidfuzz's token_set_ratio, of 100) of a title to be taken for what a misspelt one may have meant."""

_BATCH = 256
"""People scored at once in bulk: 256 rows of all items stay small beside the model."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommended item.

    id: as it stood in the source; score: what the items are ranked by, higher is better, comparable within one answer only;
    parts: what the score is the sum of; why: one sentence; path: the entities from the interest to the item; statement: Cypher
    that shows the path in Neo4j Browser; probability: that the person likes the item, comparable between people, None where the
    model does not know.
    """

    rank: int
    key: str
    id: str
    title: str
    score: float
    parts: dict[str, float]
    properties: dict[str, Any]
    why: str = ""
    path: tuple[str, ...] = ()
    statement: str = ""
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The answer to one person: what was understood, the items, and what should be known about the answer."""

    interests: list[Interest]
    items: list[Recommendation]
    notes: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def to_frame(self) -> DataFrame:
        """Return the items as a pandas frame, one row an item, for notebooks."""
        import pandas as pd

        from kg_rec.model.ranking import PARTS

        columns = ["rank", "id", "title", "score", "probability", "why"]
        rows = [{**{name: getattr(item, name) for name in columns}, **item.parts} for item in self.items]
        return pd.DataFrame(rows, columns=[*columns, *PARTS])


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` did: the report, what the graph means, and why; reasons is None where schema.toml was there already."""

    report: LoadReport
    schema: GraphSchema
    reasons: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a graph was found to mean, and why. detour: the way on which people reach the items, where no relation joins them."""

    schema: GraphSchema
    reasons: dict[str, str]
    detour: Detour | None = None


_T = TypeVar("_T")


class _made_once(cached_property[_T]):  # noqa: N801 - a decorator
    """A cached property that is made once even when several threads ask for it first; its owner has a `_making` lock."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> _T: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Self | _T:
        if instance is None:
            return self
        with instance._making:
            made: _T = super().__get__(instance, owner)
            return made


class Recommender:
    """Recommends from a knowledge graph in Neo4j.

    Nothing is opened until it is needed: the model when the first words come, Neo4j when the first path is asked for.

    Several threads may ask one recommender at once: `recommend`, `recommend_many`, `understand`, `similar`, and what reads or
    changes people. `load`, `train`, `sync` and `close` are for one thread, with nobody asking meanwhile. It waits for answers and
    keeps the processor busy, so an asyncio program calls it as `await asyncio.to_thread(recommender.recommend, words)`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        encoder: TextEncoder | None = None,
        say: Callable[[str], None] = lambda _: None,
        progress: Progress = SILENT,
    ) -> None:
        """Use `settings`, by default those of the environment. `say` is told what is being done.

        encoder: one of one's own, in place of the one that `settings` names, for training and for answers alike.
        """
        self.settings = settings or load_settings()
        self._own_encoder = encoder
        self._making = threading.RLock()
        self._say = say
        self._progress = progress
        self._encoders: dict[str, TextEncoder] = {}
        self._in_step: tuple[str, GraphSize] | None = None
        self._apart = ""

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        *,
        encoder: TextEncoder | None = None,
        say: Callable[[str], None] = lambda _: None,
        progress: Progress = SILENT,
    ) -> Self:
        """Return a recommender for the graph and the model of `settings`, by default those of the environment.

        encoder: one of one's own, with which the model was trained, or will be.
        """
        return cls(settings, encoder=encoder, say=say, progress=progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection to Neo4j, if one was opened; the server goes on running."""
        if "client" in self.__dict__:
            self.client.close()
            del self.__dict__["client"]

    @_made_once
    def client(self) -> GraphClient:
        """The connection to Neo4j; the managed server is started when it does not run."""
        from kg_rec.graph.server import connect

        return connect(self.settings, say=self._say, progress=self._progress)

    @_made_once
    def artifact(self) -> Artifact:
        """The current model. Raises ArtifactError when there is none, or none that can be used."""
        from kg_rec.errors import ArtifactError
        from kg_rec.model.artifact import load_artifact

        artifact = load_artifact(self.settings.model_path)
        if artifact.encoder["fingerprint"] != self.encoder_of(artifact).fingerprint:
            if self._own_encoder is not None:
                raise ArtifactError(
                    f"The model was trained with the encoder '{artifact.encoder['name']}', fingerprint "
                    f"{artifact.encoder['fingerprint'][:8]}; the one that was given is '{self._own_encoder.name}', "
                    f"{self._own_encoder.fingerprint[:8]}.",
                    remedy="Give the encoder that it was trained with, or train again with this one: train()",
                )
            raise ArtifactError(
                f"The model was trained with other weights of the encoder '{artifact.encoder['name']}' than are installed.",
                remedy="Train again: kg-rec train",
            )
        return artifact

    @property
    def schema(self) -> GraphSchema:
        """What the labels and relations mean: schema.toml. Raises SchemaError."""
        from kg_rec.schema import read_schema

        return read_schema(self.settings.schema_path)

    # -- the graph and the model -------------------------------------------------------------------------------------------

    def load(
        self,
        source: Path | str | Sources | Graph,
        *,
        choices: SchemaChoices | None = None,
        ask: Callable[[UndecidedSchemaError], str] | None = None,
        new_schema: bool = False,
        bad_rows: Path | None = None,
    ) -> Loaded:
        """Load CSV files into Neo4j, and write down what they mean, unless schema.toml is there already.

        source: a folder, a file of neo4j-admin's arguments, what was read from such arguments, or a graph of frames. choices:
        what the graph means as far as it is known; ask: is given what is open, and returns one of its choices; new_schema:
        write schema.toml anew; bad_rows: skip lines that are not in order, and list them in this file.
        Raises LoadError before anything is written, and SchemaError or UndecidedSchemaError where the meaning is not clear or
        is another than that of schema.toml.
        """
        from kg_rec.convert.frames import Graph
        from kg_rec.graph.csv_folder import read_sources
        from kg_rec.graph.import_arguments import find_sources
        from kg_rec.graph.load import load
        from kg_rec.graph.problems import skipped_in_words, write_report
        from kg_rec.schema import read_schema, write_schema
        from kg_rec.schema_inference import SchemaChoices, infer_schema, infer_schema_asking

        if isinstance(source, Graph):
            with TemporaryDirectory(prefix="kg-rec-") as folder:
                written = source.write(Path(folder) / "frames")
                return self.load(written, choices=choices, ask=ask, new_schema=new_schema, bad_rows=bad_rows)
        sources = find_sources(Path(source)) if isinstance(source, str | Path) else source
        graph = read_sources(sources, skip_bad_rows=bad_rows is not None, progress=self._progress)
        self._say(
            f"{graph.path}: {counted(graph.node_count, 'node')} and {counted(graph.relation_count, 'relation')} to load"
        )
        if bad_rows is not None:
            write_report(graph.skipped, bad_rows)
            self._say(skipped_in_words(graph.skipped, bad_rows))
        for name, count in graph.repeated.items():
            self._say(
                f"{counted(count, 'relation')} {name} {agreeing(count, 'was')} given again between the same two nodes; "
                "the last line of each counts"
            )
        choices = choices or SchemaChoices()
        path = self.settings.schema_path
        if path.exists() and not new_schema:
            schema, reasons = read_schema(path), None
            self._check_kept(schema, graph, choices)
        elif ask is not None:
            schema, reasons = infer_schema_asking(graph, choices, ask)
        else:
            schema, reasons = infer_schema(graph, choices)
        report = load(self.client, graph, self._progress)
        if reasons is not None:
            write_schema(schema, path, reasons)
        return Loaded(report, schema, reasons)

    def init(
        self,
        *,
        choices: SchemaChoices | None = None,
        ask: Callable[[UndecidedSchemaError], str] | None = None,
        new_schema: bool = False,
    ) -> Meaning:
        """Look at a graph that was in Neo4j before kg-rec, write down what it means, and return that with the reasons.

        Nothing in Neo4j is changed. choices, new_schema: as for `load`; ask: is given what is open, None has the likeliest taken
        (kg_rec/schema_likely.py). Raises GraphError where there is nothing to look at, and SchemaError where schema.toml is there
        already or a choice names what is not.
        """
        from kg_rec.errors import SchemaError
        from kg_rec.graph.database import database_profile
        from kg_rec.schema import write_schema
        from kg_rec.schema_detour import detour_in
        from kg_rec.schema_inference import SchemaChoices, infer_asking
        from kg_rec.schema_likely import likely_schema

        path = self.settings.schema_path
        if path.exists() and not new_schema:
            raise SchemaError(
                f"{path}: expected no schema yet, found one.",
                remedy="Have it written anew with --new-schema, or keep the graphs apart with --home.",
            )
        found = database_profile(self.client, self._progress)
        choices = choices or SchemaChoices()
        schema, reasons = infer_asking(found.graph, choices, ask) if ask else likely_schema(found.graph, choices)
        reasons["item.id"] = found.reasons[schema.item.label]
        if schema.user is not None:
            reasons["user.id"] = found.reasons[schema.user.label]
        detour = detour_in(found.graph, schema.item.label) if schema.user is None else None
        if detour is not None and choices.user is None:
            reasons["user"] = f"{detour.user} reaches {detour.item} over {detour.between} only"
        write_schema(schema, path, reasons)
        return Meaning(schema, reasons, detour)

    def adopt(self) -> Adopted:
        """Give the nodes of a graph that was there before kg-rec a key and the label :KGEntity (kg_rec/graph/adopt.py)."""
        from kg_rec.graph.adopt import adopt

        return adopt(self.client, self.schema, self._progress)

    def forget(self) -> Forgotten:
        """Leave the graph as it was before `adopt`, without what people attached. Raises GraphError where it was not adopted."""
        from kg_rec.graph.adopt import forget

        return forget(self.client, self._progress)

    def _check_kept(self, schema: GraphSchema, graph: GraphFolder, choices: SchemaChoices) -> None:
        """Raise SchemaError where the schema that is there does not fit the graph or the choices."""
        from kg_rec.errors import SchemaError
        from kg_rec.graph.keys import label_of
        from kg_rec.schema_inference import contradictions, contrary_choices, unmentioned

        path = self.settings.schema_path
        labels = {label_of(row["source"]) for row in self.client.read("export/counts") if row["source"] is not None}
        found = [*contrary_choices(schema, choices), *contradictions(schema, graph, labels)]
        if found:
            told = "\n".join(f"{path}: expected {problem}." for problem in found)
            raise SchemaError(
                told,
                remedy="Nothing was loaded. Edit the file, have it written anew with --new-schema, or keep the graphs apart "
                "with --home.",
            )
        for label in unmentioned(schema, graph):
            self._say(f"{path} says nothing of the label {label}: it is loaded, but no interest points to it")

    def train(self, settings: TrainingSettings | None = None, *, model: MakeNetwork | None = None) -> dict[str, Any]:
        """Export the graph, train the model, make it the current one, and return its metrics.

        model: makes a network of one's own from the graph, in place of ours: a `torch.nn.Module`, or its class
        (kg_rec/model/protocol.py).
        Raises GraphError when there is nothing to recommend, ModelError where the network does not do what is expected of it, and
        ArtifactError when the model cannot be written; the model there was stays the current one then.
        """
        import torch  # noqa: F401 - before the timer: it is not part of the export

        from kg_rec.graph.content import content_of
        from kg_rec.graph.export import export_graph
        from kg_rec.model.artifact import Artifact, answerable, save_artifact
        from kg_rec.model.training import TrainingSettings, fit
        from kg_rec.text.serving import exported

        schema = self.schema
        graph = export_graph(self.client, schema, self._progress)
        encoder = self.training_encoder()

        def make_link(
            entities: Entities, names: NDArray[np.float32], known: NDArray[np.float32]
        ) -> Callable[[list[str]], list[list[Interest]]]:
            properties = graph[schema.item.label].properties
            return make_linker(entities, names, schema, properties, known, encoder).link_many

        settings = settings or TrainingSettings(seed=self.settings.seed)
        trained = fit(graph, schema, encoder, make_link, settings, self._progress, model=model)
        artifact = Artifact(
            trained,
            schema,
            answerable(graph[schema.item.label].properties, schema),
            graph.fingerprint,
            {"name": encoder.name, "fingerprint": encoder.fingerprint, "dim": encoder.dim}
            | ({"own": True} if self._own_encoder is not None else {}),
            content=content_of(graph),
        )
        exported(self._encoder(encoder.name), self.settings.encoders_path)  # so that a service starts at once
        version = save_artifact(artifact, self.settings.model_path)
        self._forget_model()
        return {"version": version, **trained.metrics}

    def sync(self) -> Synced:
        """Bring the model up to date with the graph without training (kg_rec/model/sync.py), and return what has changed.

        Where nothing has, nothing is written. Raises ArtifactError where there is no model to go on from, or it cannot be written,
        and otherwise as `kg_rec.model.sync.synced` does; the model there was stays the current one then.
        """
        from kg_rec.model.manifest import current_version
        from kg_rec.synchronise import synchronise

        if "artifact" in self.__dict__ and current_version(self.settings.model_path) != self.artifact.version:
            self._forget_model()  # somebody else has trained or synchronised since it was read
        artifact = self.artifact
        done = synchronise(
            self.client, self.settings, artifact, self.schema, self.encoder_of(artifact), self._progress
        ).report
        if done.written:
            self._forget_model()
        return done

    def status(self) -> GraphStatus:
        """Return how far the graph and the current model are apart; the model's tensors are not read (kg_rec/graph/status.py).

        Raises ArtifactError where there is no model.
        """
        from kg_rec.graph.status import graph_status
        from kg_rec.model.manifest import known

        model = known(self.settings.model_path)
        schema = self.schema if self.settings.schema_path.exists() else None
        return graph_status(self.client, model, schema)

    def _forget_model(self) -> None:
        """Have the current model be read again when it is needed next."""
        for name in ("artifact", "linker", "ranking", "similarity"):
            self.__dict__.pop(name, None)

    def training_encoder(self, name: str | None = None) -> TextEncoder:
        """Return the encoder for the texts of the graph, which keeps their vectors: `name`, by default that of the settings.

        One's own, where one was given, is always used.
        """
        from kg_rec.text.encoder import CachedEncoder

        return CachedEncoder(self._encoder(name or self.settings.encoder), self.settings.vectors_path)

    def encoder_of(self, artifact: Artifact) -> TextEncoder:
        """Return the encoder that a model was trained with, without a cache: a person's words are not kept.

        Raises ArtifactError where that is one's own and was not given, and EncoderError.
        """
        from kg_rec.errors import ArtifactError

        name = artifact.encoder["name"]
        if artifact.encoder.get("own") and self._own_encoder is None:
            raise ArtifactError(
                f"The model was trained with an encoder of one's own, '{name}': expected to be given it, found none.",
                remedy="From Python: Recommender.open(encoder=…); or train again with the one of the settings: kg-rec train",
            )
        return self._encoder(name)

    def _encoder(self, name: str) -> TextEncoder:
        """Return one's own encoder, where one was given, else the one that is called so, loaded once."""
        from kg_rec.text.encoder import load_encoder

        if self._own_encoder is not None:
            return self._own_encoder
        with self._making:
            if name not in self._encoders:
                self._encoders[name] = load_encoder(name)
            return self._encoders[name]

    @_made_once
    def linker(self) -> Linker:
        """Words to interests, over the entities of the current model."""
        return serving_linker(self.artifact, self.encoder_of(self.artifact))

    @_made_once
    def ranking(self) -> Ranking:
        """The scoring of the current model."""
        from kg_rec.model.ranking import Ranking

        return Ranking(self.artifact)

    @_made_once
    def similarity(self) -> Similarity:
        """The fused vectors of the current model."""
        from kg_rec.model.similarity import Similarity

        return Similarity(self.artifact.model)

    def graph_has_changed(self) -> bool:
        """Return whether the number of nodes or relations has changed since the model was made; `status` tells more.

        It is asked with every answer: where the size of the graph says all, nothing is counted, and what was counted is
        remembered. Raises GraphError where nodes have no key.
        """
        from kg_rec.graph.counts import graph_counts, graph_size

        artifact, size = self.artifact, graph_size(self.client)
        agrees = artifact.content is not None and size.agrees(artifact.content.counts)
        if agrees or self._in_step == (artifact.version, size):
            self._apart = ""
            return False
        # Once they are apart, every further change would have the graph counted again, only to say the same.
        if self._apart != artifact.version:
            if graph_counts(self.client).fingerprint() == artifact.fingerprint:
                self._in_step = artifact.version, size
                return False
            self._apart = artifact.version
        return True

    def schema_has_changed(self) -> bool:
        """Return whether schema.toml says something else than it did when the model was trained. Raises SchemaError."""
        return self.settings.schema_path.exists() and self.schema != self.artifact.schema

    # -- people ------------------------------------------------------------------------------------------------------------

    def understand(self, words: str) -> list[Interest]:
        """Return the interests that the words show, in the order of the words; nothing is written."""
        return self.linker.link(_checked(words))

    def attach(self, user: str, words: str) -> list[Interest]:
        """Make the person a node with an `INTERESTED_IN` edge for each interest their words show; return all they have then.

        Attaching again replaces what was inferred from earlier words and keeps what the person set. Where the model is
        published, the vector of the words is written, too. E-mail addresses, phone and card numbers are made unreadable first.
        Raises GraphError, before anything is written, where the graph is somebody else's and was not adopted.
        """
        from kg_rec.graph import attach as people
        from kg_rec.graph.adopt import require_keys
        from kg_rec.text.masking import masked

        words = masked(_checked(words))
        found = self.understand(words)
        require_keys(self.client)
        done = people.attach(self.client, self.schema, user, found, encoder=self.artifact.encoder["name"])
        self._publish_wish(done.key, words, found)
        return list(done.interests)

    def _publish_wish(self, key: str, words: str, interests: Sequence[Interest]) -> None:
        """Write the vector of somebody's words into the graph, where a model is published that goes by it.

        Where that is a model of another encoder, the vector of earlier words goes.
        """
        from kg_rec.graph.publish import published_model, write_wish

        published = published_model(self.client)
        if published is not None:
            same = published.encoder == self.artifact.encoder["fingerprint"]
            vector = self.wish_vectors([words], [interests])[0] if same else None
            write_wish(self.client, published.encoder, key, vector)

    def interests(self, user: str) -> list[Interest]:
        """Return the interests of a person in the graph. Raises UnknownEntityError."""
        from kg_rec.graph import attach as people

        return people.interests(self.client, self.schema, user)

    def set_interest(self, user: str, entity: str, *, liked: bool = True) -> Interest:
        """Write that a person likes or dislikes an entity, given by key or name, as they say themselves.

        Attaching leaves it alone. Raises UnknownEntityError, and InputError where several entities have the name.
        """
        from kg_rec.graph import attach as people

        return people.set_interest(self.client, self.schema, user, entity, 1 if liked else -1)

    def remove_interest(self, user: str, entity: str) -> Interest:
        """Take an interest away, whoever set it, and return what it was. Raises UnknownEntityError and InputError."""
        from kg_rec.graph import attach as people

        return people.remove_interest(self.client, self.schema, user, entity)

    def detach(self, user: str) -> None:
        """Take everything that was attached about a person out of the graph."""
        from kg_rec.graph import attach as people

        people.detach(self.client, self.schema, user)

    # -- publishing --------------------------------------------------------------------------------------------------------

    def publish(self) -> PublishReport:
        """Write what the current model knows into Neo4j, so that cypher/recommend/*.cypher recommend without Python.

        It takes the place of a model that was published before. Training and answers do not see it. Raises GraphError where the
        graph has none of the model's entities, and ArtifactError.
        """
        from kg_rec.graph.publish import publish
        from kg_rec.model.publication import Publication

        artifact = self.artifact
        publication = Publication(artifact, self.similarity)
        return publish(self.client, publication, self.encoder_of(artifact).encode, self._progress)

    def unpublish(self) -> UnpublishReport:
        """Take exactly what `publish` wrote out of Neo4j again; no model is needed."""
        from kg_rec.graph.publish import unpublish

        return unpublish(self.client)

    # -- recommendations ---------------------------------------------------------------------------------------------------

    def recommend(
        self,
        words: str | None = None,
        *,
        user: str | None = None,
        k: int = 10,
        where: Sequence[str] = (),
        exclude: Iterable[str] = (),
        diversity: float = 0.0,
        explain: bool = True,
    ) -> Recommendations:
        """Recommend up to k items to somebody who writes `words` (nothing is stored), or to a person in the graph.

        where: conditions such as "year>=2010" that all items must meet; exclude: ids, keys or titles of items that are not
        wanted. Items that the words name, and items that the person interacted with, are never among the results.
        diversity: how much the items should differ, in [0, 1] (kg_rec/model/diversity.py); 0 is the ranking by score, and above 0
        the items stand in the order in which they were chosen, so that scores may rise again.
        No words, or words in which nothing is known, give the items nearest in meaning and most popular, and a note says so.
        Raises InputError, UnknownEntityError, ArtifactError.
        """
        if (words is None) == (user is None):
            raise InputError(
                "Expected either words or a user to recommend to, found " + ("both." if words else "neither.")
            )
        from kg_rec.text.manner import ASKS, UNCLEAR

        _check_k(k)
        _check_diversity(diversity)
        allowed = self._allowed(where, exclude)
        known: set[int] = set()
        lowered: Mapping[int, float] = {}
        attached = False
        if words is not None:
            words = _checked(words)
            interests, text = self.linker.link(words), words
        else:
            from kg_rec.person import known_person

            assert user is not None
            person = known_person(self.client, self.schema, self.artifact.model.entities, user)
            interests, text, known, attached = person.interests, person.text, person.known, person.attached
            lowered = person.lowered
        vector = self.wish_vectors([text], [interests])
        asks = self.asks([text], vector, [interests])
        if user is not None:
            # Interests that were attached say what is wanted; a history only hints at it.
            asks = np.array([ASKS if attached else UNCLEAR], dtype=np.float32)
        ranked = self._ranked(vector, [interests], asks, k, diversity, [known], allowed, [lowered])[0]
        notes = notes_on(text, interests, len(ranked), k, self.artifact.encoder["name"])
        if user is not None and not attached and interests:
            notes.append(
                f"'{user}' has no interests yet: known by the {counted(len(interests), 'item')} they liked last."
            )
        start = user if attached else None
        explanations = None
        if explain:
            from kg_rec.graph.surroundings import GraphSurroundings

            items = [found.item for found in ranked]
            around = GraphSurroundings(self.client, self.artifact.schema)
            explanations = explain_items(around, self.artifact, items, interests, vector[0], user=start)
        if explain and self.graph_has_changed():
            notes.append("The graph has changed since the model was made; kg-rec sync brings the model up to date.")
        if self.schema_has_changed():
            notes.append("schema.toml has changed since the model was trained; kg-rec train brings it into effect.")
        return Recommendations(interests, self._items(ranked, explanations), notes)

    def recommend_many(
        self,
        texts: Sequence[str],
        *,
        k: int = 100,
        where: Sequence[str] = (),
        exclude: Iterable[str] = (),
        diversity: float = 0.0,
        progress: Progress = SILENT,
    ) -> Iterator[Recommendations]:
        """Recommend to many people at once, by their words; without paths, and without Neo4j."""
        _check_k(k)
        _check_diversity(diversity)
        allowed = self._allowed(where, exclude)
        encoder = self.artifact.encoder["name"]
        step = progress.step("Recommending", len(texts), "people")
        for start in range(0, len(texts), _BATCH):
            batch = [_checked(text) for text in texts[start : start + _BATCH]]
            interests = self.linker.link_many(batch)
            vectors = self.wish_vectors(batch, interests)
            asks = self.asks(batch, vectors, interests)
            answers = self._ranked(vectors, interests, asks, k, diversity, (), allowed)
            for text, theirs, ranked in zip(batch, interests, answers, strict=True):
                yield Recommendations(
                    theirs, self._items(ranked, None), notes_on(text, theirs, len(ranked), k, encoder)
                )
                step.advance()

    def _allowed(self, where: Iterable[str], exclude: Iterable[str]) -> NDArray[np.bool_] | None:
        """Return which items may be shown, [items]; None for all. Raises InputError and UnknownEntityError."""
        allowed, unwanted = self.ranking.allowed(where), self._rows_of(exclude)
        if unwanted:
            allowed = (
                np.ones(self.artifact.model.entities.item_count, dtype=bool) if allowed is None else allowed.copy()
            )
            allowed[list(unwanted)] = False
        return allowed

    def _ranked(
        self,
        vectors: NDArray[np.float32],
        interests: Sequence[Sequence[Interest]],
        asks: NDArray[np.float32],
        k: int,
        diversity: float,
        excluded: Sequence[Collection[int]],
        allowed: NDArray[np.bool_] | None,
        lowered: Sequence[Mapping[int, float]] = (),
    ) -> list[list[Ranked]]:
        """Return what is shown to each person, as `Ranking.rank` takes them: the best, or of the best those that differ."""
        from kg_rec.model.diversity import POOL, diversified

        candidates = k if diversity == 0 else POOL * k
        found = self.ranking.rank(
            vectors, interests, asks, k=candidates, excluded=excluded, allowed=allowed, lowered=lowered
        )
        if diversity == 0:
            return found
        return [diversified(theirs, self.similarity, k=k, diversity=diversity) for theirs in found]

    def wish_vectors(self, texts: Sequence[str], interests: Sequence[Sequence[Interest]]) -> NDArray[np.float32]:
        """Return the vectors of what people want, [P, T]: their words without what they do not want."""
        from kg_rec.text.wishes import wishes

        return self.encoder_of(self.artifact).encode(wishes(texts, interests))

    def asks(
        self, texts: Sequence[str], vectors: NDArray[np.float32], interests: Sequence[Sequence[Interest]]
    ) -> NDArray[np.float32]:
        """Return how much each text asks for something, rather than tells of somebody, [P], in [0, 1]."""
        model = self.artifact.model
        return model.manner.asks(texts, vectors, interests, model.entities.item_label)

    def _items(self, ranked: Sequence[Ranked], explanations: Sequence[Explanation] | None) -> list[Recommendation]:
        artifact = self.artifact
        entities, properties = artifact.model.entities, artifact.properties
        ids = properties[artifact.schema.item.id]
        items = []
        for rank, found in enumerate(ranked, start=1):
            explanation = explanations[rank - 1] if explanations else None
            items.append(
                Recommendation(
                    rank,
                    entities.keys[found.item],
                    str(ids[found.item]),
                    entities.names[found.item],
                    round(found.score, 4),
                    {name: round(part, 4) for name, part in found.parts.items()},
                    {name: values[found.item] for name, values in properties.items() if values[found.item] is not None},
                    explanation.sentence if explanation else "",
                    tuple(explanation.names) if explanation else (),
                    explanation.statement if explanation else "",
                    None if found.probability is None else round(found.probability, 4),
                )
            )
        return items

    # -- likeness ----------------------------------------------------------------------------------------------------------

    def similar(self, item: str | None = None, *, user: str | None = None, k: int = 10) -> SimilarItems:
        """Return the k items nearest to an item (id, key or title), or to a person in the graph, by their fused vectors.

        Of a person, items that they like or dislike are left out. kg_rec/model/similarity.py defines the vectors.
        Raises InputError, also where several items have the title, UnknownEntityError naming the nearest titles or people, and
        ArtifactError.
        """
        from kg_rec.nearest import items_for, items_like

        _check_k(k)
        if (item is None) == (user is None):
            raise InputError("Expected either an item or a user, found " + ("both." if item else "neither."))
        if user is not None:
            key, tastes = self._tastes(user)
            return items_for(self.artifact, self.similarity, key, tastes, k=k)
        rows = sorted(self._rows_of([str(item)]))
        if len(rows) > 1:
            keys = ", ".join(self.artifact.model.entities.keys[row] for row in rows)
            raise InputError(
                f"'{item}' is the title of several items: {keys}.", remedy="Give the key of the one that is meant."
            )
        return items_like(self.artifact, self.similarity, rows[0], k=k)

    def similar_people(self, user: str, *, k: int = 10) -> SimilarPeople:
        """Return the k people of the graph, loaded with it or attached, who are nearest to a person by their fused vectors.

        Raises UnknownEntityError, naming similar ones, where there is no such person, InputError where nothing is known of
        them, and ArtifactError.
        """
        from kg_rec.nearest import people_like

        _check_k(k)
        key, tastes = self._tastes(user)
        return people_like(self.artifact, self.similarity, key, tastes, k=k)

    def _tastes(self, user: str) -> tuple[str, dict[str, dict[str, float]]]:
        """Return the key of a person, who has to be there, and what everybody likes and dislikes."""
        from kg_rec.graph import attach as people
        from kg_rec.graph.tastes import tastes

        known = people.person(self.client, self.schema, user)
        return known.key, tastes(self.client, self.schema)

    def _rows_of(self, items: Iterable[str]) -> set[int]:
        """Return the rows of items given by id, key or title. Raises UnknownEntityError naming titles that are near."""
        wanted = list(items)
        if not wanted:
            return set()
        entities = self.artifact.model.entities
        titles = entities.names[: entities.item_count]
        ids = self.artifact.properties[self.artifact.schema.item.id]
        rows: set[int] = set()
        for item in wanted:
            row = entities.index.get(item)
            folded = item.casefold()
            found = {row} if row is not None and row < entities.item_count else set()
            found |= {row for row, identity in enumerate(ids) if str(identity) == item}
            found = found or {row for row, title in enumerate(titles) if title.casefold() == folded}
            if not found:
                near = titles_like(item, titles)
                raise UnknownEntityError(
                    f"There is no {entities.item_label} with the id, key or title '{item}'.",
                    remedy=f"Nearest titles: {', '.join(near)}" if near else "No title is near it.",
                )
            rows |= found
        return rows


def explain_items(
    surroundings: Surroundings,
    artifact: Artifact,
    items: Sequence[int],
    interests: Sequence[Interest],
    vector: NDArray[np.float32],
    *,
    user: str | None = None,
) -> list[Explanation]:
    """Return why each of one person's items, given by row, was recommended, with paths through the graph.

    vector: of what they want in words, [T]; user: id of a person in the graph whose interest edges the statements start with.
    """
    from kg_rec.graph.explain import explain

    model = artifact.model
    liked = [interest for interest in interests if interest.polarity > 0]
    known = {interest.entity for interest in liked}
    near = [interest for interest in _near_neighbours(model, items, vector) if interest.entity not in known]
    return explain(
        surroundings,
        artifact.schema,
        [*liked, *near],
        [model.entities.keys[item] for item in items],
        model.relation_weights,
        user=user,
        words=bool(vector.any()),
    )


def _near_neighbours(model: TrainedModel, items: Sequence[int], vector: NDArray[np.float32]) -> list[Interest]:
    """Return, for each item, the neighbour whose name is nearest to the words, where it is near enough.

    The text of an item is written from its neighbours' names, so they are what the closeness of the words comes from.
    """
    found: dict[int, Interest] = {}
    for item in items:
        neighbours = model.evidence.neighbours_of(item)
        if not len(neighbours):
            continue
        cosines = model.names.numpy()[neighbours] @ vector
        best = int(cosines.argmax())
        if cosines[best] >= _NEAR_NEIGHBOUR:
            row = int(neighbours[best])
            entities = model.entities
            # Weighed below everything that was really found in the words.
            score = 0.2 * float(cosines[best])
            found[row] = Interest(entities.keys[row], entities.labels[row], entities.names[row], score, source="near")
    return list(found.values())


def serving_linker(artifact: Artifact, encoder: TextEncoder) -> Linker:
    """Return the linker over the entities of a model."""
    from kg_rec.model.features import prominence

    model = artifact.model
    known = prominence(model.evidence.popularity.numpy(), model.evidence.direct)
    return make_linker(model.entities, model.names.numpy(), artifact.schema, artifact.properties, known, encoder)


def make_linker(
    entities: Entities,
    names: NDArray[np.float32],
    schema: GraphSchema,
    properties: dict[str, list[Any]],
    known: NDArray[np.float32],
    encoder: TextEncoder,
) -> Linker:
    """Return the linker over the entities that an interest may point to.

    names: vectors of the entities' names, [N, T]; properties: of the items; known: how well known each entity is, [N]
    (`kg_rec.model.features.prominence`).
    """
    from kg_rec.text.linker import Linker, LinkTarget

    years = properties.get(schema.item.released) if schema.item.released else None
    targets, rows = [], []
    for row, (key, label, name) in enumerate(zip(entities.keys, entities.labels, entities.names, strict=True)):
        if label not in schema.interests or not name:
            continue
        is_item = label == entities.item_label
        year = years[row] if is_item and years else None
        targets.append(
            LinkTarget(
                key,
                label,
                name,
                entities.aliases[row],
                year=int(year) if isinstance(year, int | float) else None,
                popularity=float(known[row]),
                is_item=is_item,
            )
        )
        rows.append(row)
    return Linker(targets, encoder, names[rows])


def titles_like(given: str, titles: Sequence[str]) -> list[str]:
    """Return up to three titles that are spelt like what was given, or hold all of its words."""
    from rapidfuzz import fuzz, process

    folded = [title.casefold() for title in titles]
    found = process.extract(given.casefold(), folded, scorer=fuzz.token_set_ratio, score_cutoff=_NEAR_TITLE, limit=9)
    return list(dict.fromkeys(titles[place] for _, _, place in found))[:3]


def _checked(words: object) -> str:
    if not isinstance(words, str):
        raise InputError(f"Expected words as text, found {type(words).__name__}.")
    return words


def _check_k(k: int) -> None:
    if k < 1:
        raise InputError(f"Expected a list of at least 1 item, found k = {k}.")


def _check_diversity(diversity: float) -> None:
    if not 0 <= diversity <= 1:
        raise InputError(f"Expected a diversity from 0 to 1, found {diversity}.")


def notes_on(text: str, interests: Collection[Interest], found: int, k: int, encoder: str) -> list[str]:
    """Return what should be known about an answer: what it could not go by, and what is missing from it."""
    from kg_rec.text.lexicon import language_of, unread_script

    notes = []
    if not text.strip():
        notes.append("There are no words to go by: these are the most popular items.")
    elif not interests:
        # A reason may still tell a neighbour of the item that is somewhat near the words: too little for an interest.
        notes.append(
            "The words name nothing that the graph knows, nor is anything near enough to them to be sure: ranked by the "
            "meaning of the words and popularity."
        )
    if script := unread_script(text):
        notes.append(
            f"The words are in {script} letters: names are found among them, each as something wanted, since what is to be "
            f"left out is not understood; how well the rest is depends on the encoder, '{encoder}'."
        )
    elif (language := language_of(text)) != "English":
        notes.append(
            f"The words look like {language}: names are found in any language; how well the rest is understood depends on "
            f"the encoder, '{encoder}'."
        )
    if not found:
        notes.append("No item is left after the filters.")
    elif found < k:
        left = f"There {agreeing(found, 'is')} only {counted(found, 'item')} to recommend"
        notes.append(f"{left}, after the filters and what is known already.")
    return notes
