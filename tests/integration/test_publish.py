"""A model in a real Neo4j: what is published, what the scripts recommend from it, and that it goes without a trace."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, LiteralString

import neo4j
import numpy as np
import pytest
from click.testing import Result
from example_graphs import Files, write
from typer.testing import CliRunner

from kg_rec.cli import build_app
from kg_rec.errors import GraphError
from kg_rec.graph import publish as publishing
from kg_rec.graph.client import GraphClient
from kg_rec.graph.counts import graph_counts
from kg_rec.graph.export import export_graph
from kg_rec.graph.publish import PUBLISHED, published_model
from kg_rec.graph.scripts import script
from kg_rec.graph.server import ManagedServer
from kg_rec.model import training
from kg_rec.model.publication import LEAST_SPOKEN, Publication
from kg_rec.recommender import Recommender
from kg_rec.settings import Settings

from .test_export import same

TOPICS = ("anarchism", "winter", "desert", "harbour", "music", "gardens")
BOOKS = 48


def library() -> Files:
    """Books on two topics each; half of the readers like those on even topics, half the others."""
    nouns = ("Lantern", "Orchard", "Saddle", "Thimble", "Willow", "Anchor", "Meadow", "Quarry")
    adjectives = ("Broken", "Golden", "Hidden", "Quiet", "Restless", "Silent")
    names = [f"The {adjectives[book // 8]} {nouns[book % 8]}" for book in range(BOOKS)]
    topics = [(book % 6, (book // 2 + 3) % 6) for book in range(BOOKS)]
    rng = np.random.default_rng(3)
    bought = [
        (reader, int(book))
        for reader in range(40)
        for book in rng.choice([book for book in range(BOOKS) if topics[book][0] % 2 == reader % 2], 9, replace=False)
    ]
    return {
        "nodes/Book.csv": "bookId:ID(Book),title,year:int\n"
        + "".join(f"{book},{name},{1950 + book}\n" for book, name in enumerate(names)),
        "nodes/Topic.csv": "name:ID(Topic)\n" + "".join(f"{topic}\n" for topic in TOPICS),
        "nodes/Reader.csv": "readerId:ID(Reader)\n" + "".join(f"r{reader}\n" for reader in range(40)),
        "relations/ABOUT.csv": ":START_ID(Book),:END_ID(Topic)\n"
        + "".join(f"{book},{TOPICS[topic]}\n" for book, both in enumerate(topics) for topic in sorted(set(both))),
        "relations/BOUGHT.csv": ":START_ID(Reader),:END_ID(Book)\n"
        + "".join(f"r{reader},{book}\n" for reader, book in bought),
        # A relation with the name of one that is published.
        "relations/SIMILAR_TO.csv": ":START_ID(Book),:END_ID(Book),score:float\n1,2,0.5\n3,4,0.25\n",
    }


WORDS = {
    "ann": "something about winter and music like The Golden Lantern",
    "bob": "a book on gardens, please. No desert.",
    "cyd": "looking for a story of a harbour",
    "dee": "I am looking for something like The Quiet Anchor and The Silent Saddle",
    "eve": "anarchism",
    "fay": "a good read",
}


class Library:
    """A home whose model is trained on the library, on the session's Neo4j."""

    def __init__(self, home: Path, driver: neo4j.Driver, recommender: Recommender) -> None:
        self.home, self.driver, self.recommender = home, driver, recommender

    @property
    def client(self) -> GraphClient:
        return self.recommender.client

    def rows(self, statement: LiteralString, **parameters: object) -> list[dict[str, Any]]:
        return [row.data() for row in self.driver.execute_query(statement, parameters).records]

    def dump(self) -> list[list[dict[str, Any]]]:
        """All nodes and relations with all they hold, and all indexes, but for when it was published."""
        return [
            self.rows("MATCH (n) RETURN labels(n) AS labels, n {.*, publishedAt: null} AS held ORDER BY n.key"),
            self.rows(
                "MATCH (a)-[r]->(b) RETURN a.key AS a, type(r) AS type, b.key AS b, properties(r) AS held "
                "ORDER BY a, type, b, held.score"
            ),
            self.rows("SHOW INDEXES YIELD name, type RETURN name, type ORDER BY name"),
        ]

    def run(self, *arguments: str) -> Result:
        result = CliRunner().invoke(build_app(), [*arguments, "--home", str(self.home)])
        assert result.exit_code == 0, result.output
        return result

    def best(self, name: str, user: str, k: int = 10) -> list[dict[str, Any]]:
        return self.client.read(f"recommend/{name}", user=f"Reader/{user}", k=k)


@pytest.fixture(scope="module")
def trained(
    server: ManagedServer, empty: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    empty()
    home = tmp_path_factory.mktemp("publish") / "home"
    home.mkdir()
    (home / "neo4j").symlink_to(server.home)
    uri, login = str(server.status().uri), ("neo4j", server.password())
    with (
        pytest.MonkeyPatch.context() as patch,
        neo4j.GraphDatabase.driver(uri, auth=login) as driver,
        Recommender.open(Settings(home=home, encoder="hash")) as recommender,
    ):
        patch.setattr(training, "TrainingSettings", partial(training.TrainingSettings, steps=2))
        recommender.load(write(tmp_path_factory.mktemp("library"), library()))
        recommender.train()
        yield Library(home, driver, recommender)
    empty()


@pytest.fixture
def library_(trained: Library) -> Iterator[Library]:
    """The library with nothing published and nobody attached; so it is left."""
    yield trained
    for person in trained.client.read("attach/people"):
        trained.recommender.detach(person["key"].removeprefix("Reader/"))
    trained.recommender.unpublish()


def test_what_is_published_is_what_the_model_says(library_: Library) -> None:
    done = library_.recommender.publish()
    publication = Publication(library_.recommender.artifact)
    entities, vectors = publication.entities, publication.vectors
    assert (done.items, done.entities, done.missing, done.stale) == (BOOKS, len(TOPICS), 0, 0)
    assert published_model(library_.client) == publishing.PublishedModel(
        library_.recommender.artifact.version,
        library_.recommender.artifact.encoder["fingerprint"],
        True,
        done_at(library_),
    )
    for row in library_.rows(
        "MATCH (n:KGEntity) WHERE n.kgModel IS NOT NULL RETURN n.key AS key, n {.*} AS held, labels(n) AS l"
    ):
        index, held = entities.index[row["key"]], row["held"]
        assert np.allclose(held["kgEmbedding"], vectors[index], atol=1e-6)
        assert held["kgName"] == entities.names[index]
        assert ("KGItem" in row["l"]) == ("kgPopularity" in held) == (index < BOOKS)
    spoken = library_.rows("MATCH (a)-[r:KG_SPEAKS_FOR]->(b) RETURN a.key AS a, b.key AS b, r.score AS score")
    wanted = {
        (entities.keys[one.entity], entities.keys[item]): score
        for one in publication.spoken_for()
        for item, score in zip(one.items.tolist(), one.scores.tolist(), strict=True)
    }
    assert {(row["a"], row["b"]) for row in spoken} == set(wanted) and len(spoken) == len(wanted) == done.speaks_for
    assert all(row["score"] == pytest.approx(wanted[row["a"], row["b"]], abs=1e-4) for row in spoken)
    ours = library_.rows("MATCH ()-[r:SIMILAR_TO {by: 'kg-rec'}]->() RETURN count(*) AS count")[0]["count"]
    assert ours == done.similar > BOOKS


def done_at(library: Library) -> str:
    return str(library.rows("MATCH (m:KGModel) RETURN toString(m.publishedAt) AS at")[0]["at"])


def test_training_sees_the_same_graph(library_: Library) -> None:
    client, schema = library_.client, library_.recommender.schema
    before, counts = export_graph(client, schema), graph_counts(client)
    library_.recommender.attach("ann", WORDS["ann"])
    why = [item.why for item in library_.recommender.recommend(user="ann")]
    library_.recommender.publish()
    library_.recommender.attach("r1", "winter")
    after = export_graph(client, schema)
    assert same(before, after) and graph_counts(client) == counts
    assert not any(name in PUBLISHED for label in after.node_types for name in after[label].properties)
    assert not library_.recommender.graph_has_changed()
    assert after["Book", "SIMILAR_TO", "Book"].edge_index.shape == (2, 2)  # those of the graph itself
    assert [item.why for item in library_.recommender.recommend(user="ann")] == why


def test_removing_leaves_the_graph_as_it_was(library_: Library) -> None:
    library_.recommender.attach("ann", WORDS["ann"])
    before = library_.dump()
    library_.recommender.publish()
    library_.recommender.attach("bob", WORDS["bob"])
    assert library_.rows("MATCH (n:KGPerson) WHERE n.kgWish IS NOT NULL RETURN count(*) AS n") == [{"n": 2}]
    done = library_.recommender.unpublish()
    library_.recommender.detach("bob")
    assert library_.dump() == before
    assert done.entities == BOOKS + len(TOPICS) and done.people == 2 and done.version
    again = library_.recommender.unpublish()
    assert (again.version, again.relations, again.entities, again.people) == ("", 0, 0, 0)


def test_publishing_twice_changes_nothing(library_: Library) -> None:
    library_.recommender.publish()
    before = library_.dump()
    library_.recommender.publish()
    assert library_.dump() == before


@pytest.mark.parametrize(
    "broken", ["publish/items", "publish/speaks_for", "publish/similar", "publish/popularity_index"]
)
def test_what_was_broken_off_is_made_whole(library_: Library, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library_.recommender.publish()
    whole = library_.dump()
    library_.recommender.unpublish()
    monkeypatch.setattr(publishing, "_NODES", 10)
    monkeypatch.setattr(publishing, "_RELATIONS", 10)
    with monkeypatch.context() as patch:
        break_at(patch, broken, after=2 if broken != "publish/popularity_index" else 0)
        with pytest.raises(ConnectionResetError):
            library_.recommender.publish()
    model = published_model(library_.client)
    assert model is not None and not model.whole
    library_.recommender.publish()
    assert library_.dump() == whole


@pytest.mark.parametrize("broken", ["publish/remove_relations", "publish/remove_wishes", "publish/remove_model"])
def test_what_was_removed_by_half_is_removed_whole(
    library_: Library, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = library_.dump()
    library_.recommender.publish()
    with monkeypatch.context() as patch:
        break_at(patch, broken, after=0)
        with pytest.raises(ConnectionResetError):
            library_.recommender.unpublish()
    library_.recommender.unpublish()
    assert library_.dump() == before


def break_at(patch: pytest.MonkeyPatch, name: str, after: int) -> None:
    """Have the connection break when a script is to run, `after` times it has."""
    left = [after]
    for method in ("write", "write_batches"):
        whole = getattr(GraphClient, method)

        def breaking(self: GraphClient, script: str, /, _whole: Any = whole, **parameters: object) -> Any:
            if script == name:
                left[0] -= 1
                if left[0] < 0:
                    raise ConnectionResetError("the connection broke")
            return _whole(self, script, **parameters)

        patch.setattr(GraphClient, method, breaking)


def test_a_newer_model_takes_the_place_of_the_older(library_: Library) -> None:
    recommender = library_.recommender
    old = recommender.publish().version
    library_.rows("MATCH (b:KGEntity {key: 'Book/7'}) SET b:KGItem, b.kgModel = 'older', b.kgName = 'Gone'")
    # As a node that an earlier model knew, and this one does not.
    library_.rows(
        "MATCH (b:KGEntity {key: 'Book/8'}) CREATE (n:KGEntity:Book:KGItem {key: 'Book/x', kgModel: $old, kgPopularity: 9.0, "
        "kgEmbedding: b.kgEmbedding})-[:KG_SPEAKS_FOR {score: 1.0}]->(b), (b)-[:SIMILAR_TO {by: 'kg-rec'}]->(n)",
        old=old,
    )
    recommender.train(training.TrainingSettings(steps=0))
    try:
        done = recommender.publish()
        assert done.replaced == old != done.version
        # Trained with the node in the graph, the model knows it; with it taken away it is missing.
        library_.rows("MATCH (n {key: 'Book/x'}) DETACH DELETE n")
        assert recommender.publish().missing == 1
        assert {row["m"] for row in library_.rows("MATCH (n) WHERE n.kgModel IS NOT NULL RETURN n.kgModel AS m")} == {
            done.version
        }
        library_.rows("CREATE (:KGEntity:Book:KGItem {key: 'Book/y', kgModel: $old, kgPopularity: 9.0})", old=old)
        assert recommender.publish().stale == 1
        assert library_.rows("MATCH (n {key: 'Book/y'}) RETURN keys(n) AS k, n:KGItem AS i") == [
            {"k": ["key"], "i": False}
        ]
    finally:
        library_.rows("MATCH (n) WHERE n.key IN ['Book/x', 'Book/y'] DETACH DELETE n")
        recommender.train()


def test_another_graph_is_left_alone(library_: Library) -> None:
    before = library_.dump()
    entities = library_.recommender.artifact.model.entities

    publication = Publication(library_.recommender.artifact)
    other = type(entities)(
        [f"Film/{row}" for row in range(len(entities))],
        entities.labels,
        entities.names,
        entities.slices,
        entities.item_label,
        entities.aliases,
    )
    publication.entities = other
    with pytest.raises(GraphError, match=r"none of the model's entities: expected nodes .* like 'Film/0'"):
        publishing.publish(library_.client, publication, library_.recommender.encoder_of(publication.artifact).encode)
    assert library_.dump() == before


class TestRecommendingInCypher:
    """The scripts under cypher/recommend, against the model."""

    def test_by_interests_it_is_nearly_the_model(self, library_: Library) -> None:
        library_.recommender.publish()
        overlap = []
        for user, words in WORDS.items():
            library_.recommender.attach(user, words)
            wanted = {item.key for item in library_.recommender.recommend(words, k=10, explain=False)}
            overlap.append(len(wanted & {row["item"] for row in library_.best("by_interests", user)}) / 10)
        assert np.mean(overlap) >= 0.75, overlap

    def test_scores_are_those_of_the_model_but_for_what_is_not_published(self, library_: Library) -> None:
        library_.recommender.publish()
        library_.recommender.attach("bob", WORDS["bob"])
        found = {row["item"]: row["score"] for row in library_.best("by_interests", "bob", k=40)}
        wanted = library_.recommender.recommend(WORDS["bob"], k=40, explain=False)
        apart = [
            abs(item.score - item.parts["neighbours"] - item.parts["nearness"] - found[item.key])
            for item in wanted
            if item.key in found
        ]
        # What an interest says less than LEAST_SPOKEN is not told; "bob" has two.
        assert len(apart) > 30 and max(apart) <= 2 * LEAST_SPOKEN + 0.01

    @pytest.mark.parametrize("name", ["by_interests", "by_vector", "by_paths"])
    def test_what_a_person_knows_is_not_among_the_items(self, library_: Library, name: str) -> None:
        library_.recommender.publish()
        library_.recommender.attach("r1", "winter and music like The Golden Lantern")
        known = {row["b"] for row in library_.rows("MATCH ({key: 'Reader/r1'})--(b:Book) RETURN b.key AS b")}
        found = [row["item"] for row in library_.best(name, "r1", k=100)]
        assert len(known) >= 9 and found and not known & set(found)

    def test_what_is_disliked_goes_down(self, library_: Library) -> None:
        library_.recommender.publish()
        library_.recommender.attach("bob", WORDS["bob"])
        desert = {row["b"] for row in library_.rows("MATCH ({key: 'Topic/desert'})--(b:Book) RETURN b.key AS b")}
        found = [row["item"] for row in library_.best("by_interests", "bob", k=100)]
        assert not desert & set(found[:10]) and desert & set(found)

    def test_the_reasons_are_interests(self, library_: Library) -> None:
        library_.recommender.publish()
        library_.recommender.attach("cyd", WORDS["cyd"])
        (first, *_) = library_.best("by_interests", "cyd")
        assert first["because"] == ["harbour"] and first["title"].startswith("The ")
        (first, *_) = library_.best("by_paths", "cyd")
        assert first["paths"] == ["harbour"]

    def test_paths_lead_over_what_items_have_in_common(self, library_: Library) -> None:
        library_.recommender.publish()
        library_.recommender.attach("dee", WORDS["dee"])
        (first, *_) = library_.best("by_paths", "dee")
        assert any(re.fullmatch(r"The \w+ \w+ (– \w+|is similar)", path) for path in first["paths"])

    def test_an_interest_set_by_the_person_counts_without_words(self, library_: Library) -> None:
        library_.recommender.publish()
        library_.recommender.attach("fay", WORDS["fay"])
        before = [row["item"] for row in library_.best("by_vector", "fay")]
        library_.recommender.set_interest("fay", "Topic/winter")
        library_.rows("MATCH (n {key: 'Reader/fay'}) REMOVE n.kgWish")
        assert [row["item"] for row in library_.best("by_vector", "fay")] != before
        winter = {row["b"] for row in library_.rows("MATCH ({key: 'Topic/winter'})--(b:Book) RETURN b.key AS b")}
        assert {row["item"] for row in library_.best("by_interests", "fay", k=5)} <= winter

    def test_somebody_of_whom_nothing_is_known_gets_what_is_popular(self, library_: Library) -> None:
        library_.recommender.publish()
        library_.rows("CREATE (:KGEntity:KGPerson:Reader {key: 'Reader/new'})")
        popular = library_.rows("MATCH (b:KGItem) RETURN b.key AS key ORDER BY b.kgPopularity DESC, key LIMIT 5")
        assert [row["item"] for row in library_.best("by_interests", "new", k=5)] == [row["key"] for row in popular]
        assert library_.best("by_vector", "new") == library_.best("by_paths", "new") == []

    @pytest.mark.parametrize("name", ["by_interests", "by_vector", "by_paths"])
    def test_it_runs_as_it_stands_with_the_parameters_of_its_header(self, library_: Library, name: str) -> None:
        library_.recommender.publish()
        library_.recommender.attach("ann", WORDS["ann"])
        text = script(f"recommend/{name}").text
        assert ":param {user: 'User/ann', k: 10}" in text
        # The Browser sends a number that was typed as a float.
        assert len(library_.rows(text, user="Reader/ann", k=10.0)) == 10  # type: ignore[arg-type]


class TestPeople:
    """The vectors of people's words."""

    def test_people_who_were_there_get_that_of_their_evidence(self, library_: Library) -> None:
        recommender = library_.recommender
        interests = recommender.attach("ann", WORDS["ann"])
        assert library_.rows("MATCH (n:KGPerson) RETURN n.kgWish AS v") == [{"v": None}]
        assert recommender.publish().people == 1
        (row,) = library_.rows("MATCH (n:KGPerson) RETURN n.kgWish AS v")
        text = ". ".join(dict.fromkeys(one.evidence for one in interests))
        assert np.allclose(row["v"], recommender.encoder_of(recommender.artifact).encode([text])[0], atol=1e-6)

    def test_attaching_writes_that_of_the_words(self, library_: Library) -> None:
        recommender = library_.recommender
        recommender.publish()
        recommender.attach("bob", WORDS["bob"])
        vector = recommender.wish_vectors([WORDS["bob"]], [recommender.understand(WORDS["bob"])])[0]
        (row,) = library_.rows("MATCH (n:KGPerson) RETURN n.kgWish AS v")
        assert np.allclose(row["v"], vector, atol=1e-6)
        assert recommender.publish().people == 0

    def test_that_of_earlier_words_does_not_stay(self, library_: Library) -> None:
        recommender = library_.recommender
        recommender.publish()
        recommender.attach("ann", WORDS["ann"])
        recommender.attach("ann", "")
        assert library_.rows("MATCH (n:KGPerson) RETURN n.kgWish AS v") == [{"v": None}]
        recommender.attach("ann", WORDS["ann"])
        library_.rows("MATCH (m:KGModel) SET m.encoder = 'other'")
        recommender.attach("ann", WORDS["bob"])
        assert library_.rows("MATCH (n:KGPerson) RETURN n.kgWish AS v") == [{"v": None}]

    def test_detaching_takes_it_away(self, library_: Library) -> None:
        library_.recommender.publish()
        before = library_.dump()
        library_.recommender.attach("r1", "winter")
        library_.recommender.attach("ann", "winter")
        library_.recommender.detach("r1")
        library_.recommender.detach("ann")
        assert library_.dump() == before

    def test_vectors_of_another_encoder_go(self, library_: Library) -> None:
        library_.recommender.publish()
        library_.recommender.attach("ann", WORDS["ann"])
        library_.rows("MATCH (m:KGModel) SET m.encoder = 'other'")
        library_.rows("MATCH (n:KGPerson) SET n.kgWish = [1.0, 2.0]")
        assert library_.recommender.publish().people == 1
        (row,) = library_.rows("MATCH (n:KGPerson) RETURN size(n.kgWish) AS size")
        assert row["size"] > 2

    def test_an_index_of_vectors_of_another_length_is_made_anew(self, library_: Library) -> None:
        library_.client.write_batches(
            "publish/items_index",
            options={"indexConfig": {"vector.dimensions": 3, "vector.similarity_function": "cosine"}},
        )
        library_.recommender.publish()
        library_.recommender.attach("ann", WORDS["ann"])
        assert len(library_.best("by_vector", "ann")) == 10


def test_the_command_tells_what_it_wrote_and_took_away(library_: Library) -> None:
    before = library_.dump()
    told = library_.run("publish").stdout
    assert re.search(r"^model \S+ is published in Neo4j, in [\d.]+ s$", told, re.MULTILINE)
    assert re.search(rf"^ +{BOOKS} items with kgEmbedding", told, re.MULTILINE) and "kg-rec publish --remove" in told
    told = library_.run("publish", "--remove").stdout
    assert "nothing that was published is left" in told and f"on {BOOKS + len(TOPICS)} entities" in told
    assert library_.dump() == before
    assert library_.run("publish", "--remove").stdout == "nothing is published in this graph\n"


def test_the_command_answers_in_json(library_: Library) -> None:
    assert json.loads(library_.run("publish", "--json").stdout)["items"] == BOOKS
    assert json.loads(library_.run("publish", "--remove", "--json").stdout)["entities"] == BOOKS + len(TOPICS)
