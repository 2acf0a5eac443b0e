"""Reasons on a real Neo4j: which paths there are, which of them are told, and Cypher that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, LiteralString

import neo4j
import pytest

from kg_rec.graph import attach as people
from kg_rec.graph.client import GraphClient
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.explain import Explanation, Step, explain
from kg_rec.graph.export import export_graph
from kg_rec.graph.history import history
from kg_rec.graph.load import load
from kg_rec.graph.server import ManagedServer
from kg_rec.graph.surroundings import GraphSurroundings, Snapshot
from kg_rec.interest import Interest
from kg_rec.schema import GraphSchema
from kg_rec.schema_inference import infer_schema

# The relation "MADE`BY" and the keys hold what Cypher would take for its own.
FILES = {
    "nodes/Game.csv": """gameId:ID(Game),title
g1,Azul
g2,Sagrada
g3,Calico
g'4,"Bob's ""Big"" Game"
g\\5,Back\\slash
g6,Nobody's
g7,Alone
""",
    "nodes/Theme.csv": "name:ID(Theme)\ntiles\ncats\nO'Clock\nlonely\n",
    "nodes/Maker.csv": "name:ID(Maker)\nAnna Aalto\nBert Bloom\n",
    "nodes/Player.csv": "playerId:ID(Player)\n" + "".join(f"p{n}\n" for n in range(6)),
    "relations/HAS_THEME.csv": ":START_ID(Game),:END_ID(Theme)\n"
    "g1,tiles\ng2,tiles\ng3,tiles\ng3,cats\ng'4,O'Clock\ng\\5,tiles\ng7,lonely\n",
    "relations/MADE_BY.csv": ":START_ID(Game),:END_ID(Maker)\ng1,Anna Aalto\ng2,Anna Aalto\ng3,Bert Bloom\n",
    "relations/RATED.csv": ":START_ID(Player),:END_ID(Game),rating:float,timestamp:long\n"
    "p0,g1,5,1600000001\np0,g2,4,1600000002\np1,g1,4,1600000001\np1,g2,5,1600000003\np2,g1,3,1600000001\np2,g2,3,1600000002\np3,g1,1,1600000001\np3,g2,5,1600000002\n"
    "p4,g1,5,1600000001\np4,g3,1,1600000002\np4,g2,2,1600000003\np5,g7,5,1600000001\np5,g6,1,1600000002\n",
}
WEIGHTS = {"HAS_THEME": 0.2, "HAS_THEME⁻¹": 0.2, "MADE_BY": 0.2, "MADE_BY⁻¹": 0.2, "LIKED_TOGETHER": 1.0}


def interest(
    entity: str, name: str, polarity: Literal[1, -1] = 1, *, score: float = 1.0, guess: bool = False
) -> Interest:
    """An interest from the words, or guessed from their meaning."""
    label = entity.partition("/")[0]
    if guess:
        return Interest(entity, label, name, score, polarity, source="near")
    return Interest(entity, label, name, score, polarity, evidence=name)


TILES, CATS = interest("Theme/tiles", "tiles"), interest("Theme/cats", "cats")
LONELY = interest("Theme/lonely", "lonely", score=0.2, guess=True)
AZUL = interest("Game/g1", "Azul")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The games as files."""
    folder = tmp_path_factory.mktemp("games")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def schema(empty_graph: GraphClient, folder: Path) -> GraphSchema:
    """The schema of the loaded games."""
    read = read_folder(folder)
    load(empty_graph, read)
    found = infer_schema(read)[0]
    assert found.item.label == "Game"
    assert found.interaction is not None and found.interaction.kind == "rating"
    return found


Run = Callable[[str], list[neo4j.graph.Path]]


@pytest.fixture
def paths(server: ManagedServer, client: GraphClient) -> Iterator[Run]:
    """Runs a statement as Neo4j Browser would."""
    with neo4j.GraphDatabase.driver(client.uri, auth=("neo4j", server.password())) as driver:
        yield lambda statement: [record["path"] for record in driver.execute_query(statement).records]


def one(client: GraphClient, schema: GraphSchema, item: str, *interests: Interest, **more: Any) -> Explanation:
    (found,) = explain(GraphSurroundings(client, schema), schema, interests, [item], WEIGHTS, **more)
    assert found.item == item
    copied = Snapshot(export_graph(client, schema), schema)
    assert explain(copied, schema, interests, [item], WEIGHTS, **more) == [found]
    return found


def keys(path: neo4j.graph.Path) -> list[str]:
    return [node["key"] for node in path.nodes]


def test_direct(client: GraphClient, schema: GraphSchema, paths: Run) -> None:
    found = one(client, schema, "Game/g3", CATS)
    assert found.sentence in {"cats", "about cats", "theme cats", "has theme cats"} or "cats" in found.sentence
    assert found.names == ("cats",)
    assert found.steps == (Step("Theme/cats", "HAS_THEME", False, "Game/g3"),)
    (path,) = paths(found.statement)
    assert keys(path) == ["Theme/cats", "Game/g3"]


def test_shared(client: GraphClient, schema: GraphSchema, paths: Run) -> None:
    found = one(client, schema, "Game/g\\5", AZUL)
    assert found.sentence == 'shares the theme "tiles" with Azul'
    assert found.names == ("Azul", "tiles")
    assert found.steps == (
        Step("Game/g1", "HAS_THEME", True, "Theme/tiles"),
        Step("Theme/tiles", "HAS_THEME", False, "Game/g\\5"),
    )
    (path,) = paths(found.statement)
    assert keys(path) == ["Game/g1", "Theme/tiles", "Game/g\\5"]


def test_the_rarer_is_what_is_shared(client: GraphClient, schema: GraphSchema) -> None:
    # Four games are of tiles, two by Anna Aalto.
    assert 'shares the maker "Anna Aalto" with Azul' in one(client, schema, "Game/g2", AZUL).sentence
    # What the person asked for is a reason of its own, and no shared one.
    assert "shares" not in one(client, schema, "Game/g\\5", AZUL, TILES).sentence


def test_what_a_fifth_of_all_items_share_is_told_only_for_want_of_another_reason(
    server: ManagedServer, client: GraphClient, schema: GraphSchema
) -> None:
    def make(statement: LiteralString) -> None:
        with neo4j.GraphDatabase.driver(client.uri, auth=("neo4j", server.password())) as driver:
            driver.execute_query(statement)

    # Of 87 games 81 are of wood, and 14 have dice: fewer than a fifth.
    make(
        "MERGE (wood:KGEntity:Theme {key: 'Theme/wood', name: 'wood'}) MERGE (dice:KGEntity:Theme {key: 'Theme/dice', "
        "name: 'dice'}) WITH wood, dice UNWIND range(1, 80) AS n CREATE (g:KGEntity:Game {key: 'Game/n' + n}) "
        "CREATE (g)-[:HAS_THEME]->(wood) WITH g, dice, n WHERE n <= 13 CREATE (g)-[:HAS_THEME]->(dice)"
    )
    make("MATCH (g {key: 'Game/g1'}), (wood {key: 'Theme/wood'}) CREATE (g)-[:HAS_THEME]->(wood)")
    assert one(client, schema, "Game/n30", AZUL).sentence == 'shares the theme "wood" with Azul'
    make("MATCH (g {key: 'Game/g1'}), (dice {key: 'Theme/dice'}) CREATE (g)-[:HAS_THEME]->(dice)")
    dice = 'shares the theme "dice" with Azul'
    assert one(client, schema, "Game/n1", AZUL).sentence == dice
    # However many people are interested in it, no more games have it.
    for user in range(8):
        people.attach(client, schema, str(user), [interest("Theme/dice", "dice")], encoder="test")
    assert one(client, schema, "Game/n1", AZUL).sentence == dice
    # Where the person asked for it, it is a reason like any other.
    told = one(client, schema, "Game/n1", AZUL, interest("Theme/wood", "wood")).sentence
    assert "wood" in told and "dice" in told


def test_liked_together_counts_those_who_liked_both(client: GraphClient, schema: GraphSchema, paths: Run) -> None:
    # p0, p1, p2 rated both at least in the middle of the scale; p3 and p4 liked but one of them.
    found = one(client, schema, "Game/g2", AZUL)
    assert "liked by 3 who liked Azul" in found.sentence
    shown = {tuple(keys(path)) for path in paths(found.statement)}
    assert ("Game/g1", "Player/p0", "Game/g2") in shown
    assert ("Game/g1", "Maker/Anna Aalto", "Game/g2") in shown
    # One is no crowd.
    assert "who liked" not in one(client, schema, "Game/g3", AZUL).sentence


def test_attached_people_are_no_crowd_and_no_neighbours(client: GraphClient, schema: GraphSchema) -> None:
    before = one(client, schema, "Game/g2", AZUL, TILES)
    for user in ("ann", "bob"):
        people.attach(client, schema, user, [AZUL, interest("Game/g2", "Sagrada"), TILES], encoder="test")
    assert one(client, schema, "Game/g2", AZUL, TILES).sentence == before.sentence


def test_guesses_count_only_where_nothing_else_does(client: GraphClient, schema: GraphSchema, paths: Run) -> None:
    alone = one(client, schema, "Game/g7", LONELY, TILES)
    assert alone.sentence.endswith("lonely · near in meaning to the words")
    assert [keys(path) for path in paths(alone.statement)] == [["Theme/lonely", "Game/g7"]]
    guessed = interest("Theme/cats", "cats", guess=True)
    assert "cats" not in one(client, schema, "Game/g3", guessed, TILES).sentence
    # Near in meaning, but with words for it: no guess.
    said = Interest("Theme/cats", "Theme", "cats", 0.9, evidence="kittens", source="near")
    assert "cats" in one(client, schema, "Game/g3", said, TILES).sentence
    assert "near in meaning" not in one(client, schema, "Game/g3", said).sentence


def test_without_a_path(client: GraphClient, schema: GraphSchema, paths: Run) -> None:
    found = one(client, schema, "Game/g7", CATS)
    assert found.sentence == "near in meaning to the words · liked by 1 person"
    assert (found.names, found.steps) == ((), ())
    assert {path.start_node["key"] for path in paths(found.statement)} == {"Game/g7"}
    assert one(client, schema, "Game/g7", words=False).sentence == "liked by 1 person"
    assert one(client, schema, "Game/g2", words=False).sentence == "liked by 4 people"
    assert one(client, schema, "Game/g6", words=False).sentence == ""  # one person rated it, and did not like it
    assert one(client, schema, "Game/g6").sentence == "near in meaning to the words"


def test_dislikes_explain_nothing(client: GraphClient, schema: GraphSchema) -> None:
    against = [interest("Theme/tiles", "tiles", -1), interest("Game/g1", "Azul", -1)]
    found = one(client, schema, "Game/g2", *against)
    assert found == one(client, schema, "Game/g2")
    assert found.steps == ()


def test_an_item_is_no_reason_for_itself(client: GraphClient, schema: GraphSchema) -> None:
    assert one(client, schema, "Game/g1", AZUL).steps == ()


@pytest.mark.parametrize(("item", "theme"), [("Game/g'4", interest("Theme/O'Clock", "O'Clock")), ("Game/g\\5", TILES)])
def test_keys_with_quotes_and_backslashes_can_be_shown(
    client: GraphClient, schema: GraphSchema, paths: Run, item: str, theme: Interest
) -> None:
    found = one(client, schema, item, theme)
    assert [keys(path) for path in paths(found.statement)] == [[theme.entity, item]]
    assert paths(one(client, schema, item).statement)


def test_types_with_backticks_and_lines_can_be_shown(
    server: ManagedServer, client: GraphClient, schema: GraphSchema, paths: Run
) -> None:
    odd = "Maker/two\nlines\r'`\\"
    with neo4j.GraphDatabase.driver(client.uri, auth=("neo4j", server.password())) as driver:
        driver.execute_query(
            "MATCH (g {key: 'Game/g7'}) CREATE (g)-[:`MADE``BY 'US'`]->(:KGEntity:Maker {key: $key, name: 'odd'})",
            key=odd,
        )
    found = one(client, schema, "Game/g7", interest(odd, "odd"))
    assert found.steps == (Step(odd, "MADE`BY 'US'", False, "Game/g7"),)
    assert [keys(path) for path in paths(found.statement)] == [[odd, "Game/g7"]]


def test_statements_start_at_the_person_where_they_are_attached(
    client: GraphClient, schema: GraphSchema, paths: Run
) -> None:
    user = "o'neill \\ `x`"
    people.attach(client, schema, user, [AZUL, TILES], encoder="test")
    people.set_interest(client, schema, user, "cats")
    theirs = people.interests(client, schema, user)
    for item in ("Game/g2", "Game/g3", "Game/g\\5"):
        found = paths(one(client, schema, item, *theirs, user=user).statement)
        assert {(path.start_node["key"], path.end_node["key"]) for path in found} == {(f"Player/{user}", item)}
        assert {path.relationships[0].type for path in found} == {"INTERESTED_IN"}
    # A guess is no edge of theirs: its path starts at the entity.
    (path,) = paths(one(client, schema, "Game/g7", LONELY, user=user).statement)
    assert path.start_node["key"] == "Theme/lonely"


def test_up_to_three_reasons_the_best_first(client: GraphClient, schema: GraphSchema) -> None:
    sagrada = interest("Game/g2", "Sagrada", score=0.4)
    told = one(client, schema, "Game/g3", CATS, interest("Theme/tiles", "tiles", score=0.3), AZUL, sagrada)
    reasons = told.sentence.split(" · ")
    assert 2 <= len(reasons) <= 3
    assert "cats" in reasons[0]
    assert told.names == ("cats",)
    everything = [AZUL, TILES, interest("Maker/Anna Aalto", "Anna Aalto"), interest("Game/g3", "Calico"), CATS]
    assert len(one(client, schema, "Game/g2", *everything).sentence.split(" · ")) == 3


def test_what_the_model_uses_more_comes_first(client: GraphClient, schema: GraphSchema) -> None:
    both = [interest("Theme/tiles", "tiles"), interest("Maker/Anna Aalto", "Anna Aalto")]

    def first(**weights: float) -> str:
        (found,) = explain(
            GraphSurroundings(client, schema), schema, both, ["Game/g2"], {**weights, "LIKED_TOGETHER": 1.0}
        )
        return found.names[0]

    assert first(**{"HAS_THEME⁻¹": 1.0, "MADE_BY⁻¹": 0.01}) == "tiles"
    assert first(**{"HAS_THEME⁻¹": 0.01, "MADE_BY⁻¹": 1.0}) == "Anna Aalto"


def test_items_keep_their_order(client: GraphClient, schema: GraphSchema) -> None:
    items = ["Game/g7", "Game/g2", "Game/g'4", "Game/g1", "Game/gone", "Game/g3"]
    found = explain(GraphSurroundings(client, schema), schema, [TILES, AZUL], items, WEIGHTS)
    assert [explanation.item for explanation in found] == items
    assert found[4].steps == ()
    assert explain(GraphSurroundings(client, schema), schema, [TILES], [], WEIGHTS) == []


def test_a_graph_without_people(client: GraphClient, schema: GraphSchema) -> None:
    alone = schema.model_copy(update={"user": None, "interaction": None})
    found = one(client, alone, "Game/g2", AZUL)
    assert "liked by" not in found.sentence
    assert one(client, alone, "Game/g7", words=False).sentence == ""
    assert history(client, alone, "p0").items == ()


def test_history_is_newest_first_and_knows_what_was_liked(client: GraphClient, schema: GraphSchema) -> None:
    past = history(client, schema, "p4")  # 5, 1 and 2: their mean is below the middle of the scale, which counts
    assert past.items == ("Game/g2", "Game/g3", "Game/g1")
    assert past.liked == ("Game/g1",)
    both = history(client, schema, "p1")  # 4 and 5: only the latter is above their mean
    assert (both.items, both.liked) == (("Game/g2", "Game/g1"), ("Game/g2",))
    people.attach(client, schema, "ann", [TILES], encoder="test")
    for user in ("ann", "nobody"):
        assert history(client, schema, user).items == history(client, schema, user).liked == ()


def test_of_a_long_history_the_last_twenty_liked(
    server: ManagedServer, client: GraphClient, schema: GraphSchema
) -> None:
    with neo4j.GraphDatabase.driver(client.uri, auth=("neo4j", server.password())) as driver:
        driver.execute_query(
            "MATCH (p {key: 'Player/p5'}) UNWIND range(1, 30) AS n "
            "CREATE (p)-[:RATED {rating: 5.0, timestamp: 1700000000 + n}]->(:KGEntity:Game {key: 'Game/n' + n})"
        )
    past = history(client, schema, "p5")
    assert len(past.items) == 32
    assert past.liked == tuple(f"Game/n{n}" for n in range(30, 10, -1))


def test_interactions_without_ratings_are_all_liked(client: GraphClient, schema: GraphSchema) -> None:
    assert schema.interaction is not None
    clicks = schema.interaction.model_copy(update={"weight": None, "kind": "implicit", "scale": None, "time": None})
    clicked = schema.model_copy(update={"interaction": clicks})
    past = history(client, clicked, "p4")
    assert past.items == past.liked == ("Game/g1", "Game/g2", "Game/g3")
    assert "liked by 5 who liked Azul" in one(client, clicked, "Game/g2", AZUL).sentence
