"""The questions on a real Neo4j: what each answers on the sample graph, and that each can be asked of other domains."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import Result
from example_graphs import FILMS, MUSIC, SHOP, WITHOUT_USERS, Files, write
from neo4j.graph import Path as GraphPath
from typer.testing import CliRunner

from kg_rec.cli import build_app
from kg_rec.errors import GraphError, InputError, UnknownEntityError
from kg_rec.graph.answers import as_plain
from kg_rec.graph.attach import attach
from kg_rec.graph.client import GraphClient
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.explore import ask, question, questions, values
from kg_rec.graph.load import load
from kg_rec.graph.saved_scripts import saved_scripts
from kg_rec.graph.server import ManagedServer, connect
from kg_rec.interest import Interest
from kg_rec.sample import sample_folder
from kg_rec.schema import GraphSchema, write_schema
from kg_rec.schema_inference import infer_schema


@dataclass(frozen=True)
class Asked:
    """A graph in Neo4j, to be asked."""

    client: GraphClient
    schema: GraphSchema

    def rows(self, name: str, **given: str) -> list[dict[str, Any]]:
        """Ask a question, and return its rows with paths as the keys along them."""
        asked = question(name)
        found = values(self.client, self.schema, asked, given)
        return [
            {column: _keys(value) for column, value in row.items()} for row in ask(self.client, asked, found.values)
        ]


def _keys(value: object) -> Any:
    if isinstance(value, list) and any(isinstance(one, GraphPath) for one in value):
        return [_keys(one) for one in value]
    return as_plain(value)["nodes"] if isinstance(value, GraphPath) else as_plain(value)


def likes(entity: str, score: float = 1.0, polarity: Literal[1, -1] = 1) -> Interest:
    label, _, name = entity.partition("/")
    return Interest(entity, label, name, score, polarity, evidence=f"the words {name}", source="named")


def loaded(client: GraphClient, folder: Path) -> Asked:
    """Load a folder into an empty Neo4j."""
    graph = read_folder(folder)
    load(client, graph)
    return Asked(client, infer_schema(graph)[0])


@pytest.fixture(scope="module")
def sample(server: ManagedServer, empty: Callable[[], None]) -> Iterator[Asked]:
    """The sample graph with two people."""
    empty()
    with connect(server.settings) as client:
        asked = loaded(client, sample_folder())
        demo = [
            likes("Film/arrival"),
            likes("Keyword/loneliness", 0.8),
            likes("Genre/Science Fiction", 0.9),
            likes("Genre/Horror", polarity=-1),
        ]
        attach(client, asked.schema, "demo", demo, encoder="hash")
        ben = [likes("Film/arrival", 0.7), likes("Genre/Horror"), likes("Genre/Science Fiction")]
        attach(client, asked.schema, "ben", ben, encoder="hash")
        yield asked
    empty()


class TestAboutAPerson:
    def test_interests(self, sample: Asked) -> None:
        rows = sample.rows("interests", user="demo")
        assert [(row["entity"], row["polarity"], row["score"], row["evidence"]) for row in rows] == [
            ("Arrival", 1, 1.0, ["the words arrival"]),
            ("Science Fiction", 1, 0.9, ["the words Science Fiction"]),
            ("loneliness", 1, 0.8, ["the words loneliness"]),
            ("Horror", -1, 1.0, ["the words Horror"]),
        ]
        assert rows[0]["path"] == ["User/demo", "Film/arrival"] and rows[0]["source"] == "named" and rows[0]["since"]

    def test_why(self, sample: Asked) -> None:
        rows = sample.rows("why", user="demo", item="Her")
        paths = [row["path"] for row in rows]
        assert paths[:3] == [
            ["User/demo", "Keyword/loneliness", "Film/her"],
            ["User/demo", "Genre/Science Fiction", "Film/her"],
            ["User/demo", "Film/arrival", "Person/Amy Adams", "Film/her"],
        ]
        assert all(path[0] == "User/demo" and path[-1] == "Film/her" for path in paths)
        assert not any(key.startswith("User/") for path in paths for key in path[1:])
        assert [row["telling"] for row in rows[2:]] == sorted((row["telling"] for row in rows[2:]), reverse=True)

    def test_why_tells_of_a_dislike(self, sample: Asked) -> None:
        rows = sample.rows("why", user="demo", item="Alien")
        against = [row["path"] for row in rows if row["polarity"] < 0]
        assert ["User/demo", "Genre/Horror", "Film/alien"] in against

    def test_connections_avoid_hubs(self, sample: Asked) -> None:
        rows = sample.rows("connections", user="demo", item="Her", hub="60")
        assert rows[0] == {"path": ["User/demo", "Keyword/loneliness", "Film/her"], "steps": 2}
        assert {row["steps"] for row in rows} == {2, 3}
        between = {key for row in rows for key in row["path"][1:-1]}
        assert "Genre/Science Fiction" not in between and between
        through_hubs = sample.rows("connections", user="demo", item="Her", hub="10000")
        assert ["User/demo", "Genre/Science Fiction", "Film/her"] in [row["path"] for row in through_hubs]

    def test_meeting(self, sample: Asked) -> None:
        rows = sample.rows("meeting", user="demo", limit="5")
        assert len(rows) == 5 and {row["wanted"] for row in rows} == {2}
        assert {"Film/her", "Film/wall-e"} <= {row["item"] for row in rows}
        assert all(len(row["paths"]) == row["wanted"] + row["disliked"] for row in rows)

    def test_pushed_away(self, sample: Asked) -> None:
        rows = sample.rows("pushed_away", user="demo")
        assert {"Film/alien", "Film/under-the-skin"} <= {row["item"] for row in rows}
        assert all(row["disliked"] == 1 and row["wanted"] >= 1 for row in rows)
        assert all(["User/demo", "Genre/Horror", row["item"]] in row["paths"] for row in rows)
        assert sample.rows("pushed_away", user="ben") == []

    def test_what_people_share(self, sample: Asked) -> None:
        rows = sample.rows("people_share", user="demo", otherUser="ben")
        assert {(row["path"][1], row["agree"]) for row in rows} == {
            ("Film/arrival", True),
            ("Genre/Science Fiction", True),
            ("Genre/Horror", False),
        }
        assert [row["relations"] for row in rows] == sorted(row["relations"] for row in rows)
        found = sample.rows("people_share", user="sim-001", otherUser="demo")
        assert [(row["first"], row["second"], row["agree"]) for row in found] == [("RATED", "INTERESTED_IN", None)]

    def test_alike(self, sample: Asked) -> None:
        rows = sample.rows("alike", user="demo")
        # They differ about horror, which is therefore nothing that they share.
        assert (rows[0]["person"], rows[0]["shared"], rows[0]["names"]) == (
            "User/ben",
            2,
            ["Arrival", "Science Fiction"],
        )
        assert all(row["shared"] == 1 for row in rows[1:]) and len(rows) == 10

    def test_audience(self, sample: Asked) -> None:
        rows = sample.rows("audience", user="demo")
        assert [row["closeness"] for row in rows] == sorted((row["closeness"] for row in rows), reverse=True)
        assert all(row["found"] <= row["total"] and row["person"].startswith("User/sim-") for row in rows)
        person = rows[0]["person"]
        with sample.client._session("READ") as session:
            found = session.run(
                "MATCH (:KGEntity {key: $key})-[:RATED]->(item) WHERE item.key = 'Film/arrival' OR EXISTS { "
                "(item)--(wanted) WHERE wanted.key IN ['Keyword/loneliness', 'Genre/Science Fiction'] } "
                "RETURN count(item) AS found",
                key=person,
            ).single(strict=True)["found"]
        assert found == rows[0]["found"]


class TestAboutItems:
    def test_what_items_share(self, sample: Asked) -> None:
        rows = sample.rows("items_share", item="Arrival", otherItem="Her")
        assert [(row["path"][1], row["relations"]) for row in rows[:2]] == [
            ("Person/Amy Adams", 2),
            ("Keyword/melancholy", 12),
        ]
        assert not any(row["path"][1].startswith("User/") for row in rows)

    def test_together(self, sample: Asked) -> None:
        rows = sample.rows("together", item="Arrival")
        assert rows[0]["item"] == "Interstellar" and 0 < rows[0]["both"] <= rows[0]["liked"]
        assert "Film/arrival" not in {row["key"] for row in rows}

    def test_the_neighbourhood_has_some_of_each_relation(self, sample: Asked) -> None:
        ends = [row["path"][1] for row in sample.rows("neighbourhood", entity="Arrival", each="2")]
        labels = [end.partition("/")[0] for end in ends]
        assert {label: labels.count(label) for label in labels} == {
            "Genre": 2,
            "Country": 1,
            "User": 4,  # two who rated it, two who are interested
            "Person": 3,  # its director, and two who act in it
            "Keyword": 2,
        }
        assert sample.rows("neighbourhood", entity="User/demo")[0]["path"][0] == "User/demo"


class TestAboutTheGraph:
    def test_what_nobody_found(self, sample: Asked) -> None:
        rows = sample.rows("unfound")
        assert "The Boy and the Heron" in {row["item"] for row in rows}
        assert [row["relations"] for row in rows] == sorted((row["relations"] for row in rows), reverse=True)
        assert not any(sample.rows("together", item=row["key"]) for row in rows[:3])

    def test_what_many_found_and_few_liked(self, sample: Asked) -> None:
        rows = sample.rows("divisive", found="20", least="3.5", limit="4")
        assert len(rows) == 4 and all(row["found"] >= 20 and row["liked"] <= row["found"] for row in rows)
        assert [row["share"] for row in rows] == sorted(row["share"] for row in rows)
        assert all(abs(row["share"] - row["liked"] / row["found"]) < 0.006 for row in rows)

    def test_relations(self, sample: Asked) -> None:
        rows = {(row["source"], row["type"], row["target"]): row for row in sample.rows("relations")}
        genre = rows["Film", "HAS_GENRE", "Genre"]
        assert (genre["relations"], genre["sources"], genre["targets"], genre["degree"]) == (1659, 673, 21, 79.0)
        stars = rows["Film", "STARS", "Person"]
        assert genre["telling"] < rows["Film", "HAS_KEYWORD", "Keyword"]["telling"] < stars["telling"] < 1
        assert sum(row["relations"] for row in rows.values()) == 18_999

    def test_the_schema_has_an_example_of_each_kind(self, sample: Asked) -> None:
        rows = sample.rows("schema")
        assert [(row["source"], row["type"], row["target"], row["relations"]) for row in rows[:2]] == [
            ("User", "RATED", "Film", 8942),
            ("Film", "HAS_KEYWORD", "Keyword", 4661),
        ]
        assert len(rows) == 6
        for row in rows:
            start, end = row["example"]
            assert start.startswith(f"{row['source']}/") and end.startswith(f"{row['target']}/")

    def test_what_is_wanted_and_disliked(self, sample: Asked) -> None:
        rows = {row["key"]: row for row in sample.rows("wanted")}
        assert (rows["Genre/Horror"]["wanted"], rows["Genre/Horror"]["disliked"]) == (1, 1)
        arrival = rows["Film/arrival"]
        assert (arrival["entity"], arrival["wanted"], arrival["disliked"], arrival["score"]) == ("Arrival", 2, 0, 0.85)

    def test_newcomers(self, sample: Asked) -> None:
        rows = sample.rows("newcomers")
        assert [(row["person"], row["liked"], row["disliked"]) for row in rows] == [
            ("User/ben", 3, 0),
            ("User/demo", 3, 1),
        ]
        assert rows[1]["words"][-1] == "the words loneliness" and len(rows[1]["words"]) == 4

    def test_hubs(self, sample: Asked) -> None:
        first = sample.rows("hubs")[0]
        assert (first["entity"], first["key"], first["relations"], first["types"]) == (
            "Drama",
            "Genre/Drama",
            391,
            ["HAS_GENRE"],
        )
        assert first["share"] == round(391 / 18_999, 4)

    def test_isolated(self, sample: Asked) -> None:
        assert sample.rows("isolated") == []
        row = {"key": "Genre/Lonely", "labels": ["KGEntity", "Genre"], "properties": {"name": "Lonely"}}
        with sample.client._session("WRITE") as session:
            session.run("CREATE (n:KGEntity:Genre) SET n.key = $key, n += $properties", row).consume()
            try:
                assert sample.rows("isolated") == [{"entity": "Lonely", "key": "Genre/Lonely", "labels": ["Genre"]}]
            finally:
                session.run("MATCH (n:KGEntity {key: $key}) DELETE n", row).consume()

    def test_where_to_begin(self, sample: Asked) -> None:
        rows = sample.rows("start", limit="2")
        assert [(row["kind"], row["key"], row["name"]) for row in rows] == [
            ("person", "User/demo", "User/demo"),
            ("person", "User/ben", "User/ben"),
            ("item", "Film/interstellar", "Interstellar"),
            ("item", "Film/pulp-fiction", "Pulp Fiction"),
            ("entity", "Genre/Drama", "Drama"),
            ("entity", "Country/USA", "USA"),
        ]

    @pytest.mark.parametrize("name", [one.name for one in questions()])
    def test_no_answer_has_more_rows_than_the_limit(self, sample: Asked, name: str) -> None:
        rows = sample.rows(name, limit="1")
        assert len(rows) <= (3 if name == "start" else 1)  # of each kind one
        assert rows or name == "isolated"


class TestValues:
    def test_whom_and_what_is_found_by_id_name_and_key(self, sample: Asked) -> None:
        why = question("why")
        for user, item in (("demo", "her"), ("User/demo", "Film/her"), ("demo", "HER")):
            found = values(sample.client, sample.schema, why, {"user": user, "item": item})
            assert (found.values["user"], found.values["item"], found.chosen) == ("User/demo", "Film/her", ())
        assert found.values["people"] == "User/" and found.values["limit"] == 12

    def test_what_is_not_given_is_chosen(self, sample: Asked) -> None:
        found = values(sample.client, sample.schema, question("why"), {})
        assert found.chosen == ("user", "item") and found.values["user"] == "User/demo"
        assert sample.rows("why")
        found = values(sample.client, sample.schema, question("people_share"), {"otherUser": "demo"})
        assert found.values["user"] == "User/ben" and found.chosen == ("user",)
        found = values(sample.client, sample.schema, question("divisive"), {})
        assert (found.values["interaction"], found.values["weight"], found.values["least"]) == ("RATED", "rating", 2.75)

    @pytest.mark.parametrize(
        ("name", "given", "error", "message"),
        [
            (
                "why",
                {"usr": "demo"},
                InputError,
                "--param usr: 'why' has no such parameter.\nIt has: user, item, people",
            ),
            ("why", {"user": "nobody"}, UnknownEntityError, "There is no person 'nobody' in the graph"),
            (
                "why",
                {"item": "Arival"},
                UnknownEntityError,
                "'Arival': expected the key or the name of an entity .Film.",
            ),
            ("why", {"limit": "many"}, InputError, "--param limit: expected a whole number, at most .*, found 'many'"),
            ("why", {"limit": "2.5"}, InputError, "expected a whole number"),
            ("why", {"limit": "true"}, InputError, "expected a whole number"),
            ("why", {"limit": "-1"}, InputError, "expected a number from 0 on, found -1"),
            ("divisive", {"least": "x"}, InputError, "--param least: expected a number, "),
            ("hubs", {"titles": "[1]"}, InputError, "--param titles: expected a map in JSON"),
        ],
    )
    def test_what_cannot_be_asked_is_told(
        self, sample: Asked, name: str, given: dict[str, str], error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error, match=message):
            values(sample.client, sample.schema, question(name), given)


class TestCommand:
    @pytest.fixture
    def run(self, server: ManagedServer, sample: Asked, tmp_path: Path) -> Callable[..., Result]:
        """Runs `kg-rec explore` in a home whose graph is the sample's."""
        home = tmp_path / "home"
        home.mkdir()
        (home / "neo4j").symlink_to(server.home)
        write_schema(sample.schema, home / "schema.toml")

        def run(*arguments: object) -> Result:
            result = CliRunner().invoke(build_app(), ["explore", *map(str, arguments), "--home", str(home)])
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                raise result.exception
            assert result.exit_code == 0, result.output
            return result

        return run

    def test_the_list_has_every_question(self, run: Callable[..., Result]) -> None:
        shown = run().stdout
        assert "about a person\n" in shown and "  why  " in shown and "Why this item for this person?\n" in shown
        listed = json.loads(run("--json").stdout)["questions"]
        assert {one["name"] for one in listed} == {one.name for one in questions()}
        assert {"user", "item", "people", "limit"} == set(next(x for x in listed if x["name"] == "why")["parameters"])

    def test_an_answer_is_a_table(self, run: Callable[..., Result]) -> None:
        lines = run("why", "--param", "user=demo", "--param", "item=Her", "-p", "limit=2").stdout.splitlines()
        assert lines[0].split() == ["path", "polarity", "telling"]
        assert sorted(line.split("  ")[0] for line in lines[1:]) == [
            " demo ─INTERESTED_IN→ Science Fiction ←HAS_GENRE─ Her",
            " demo ─INTERESTED_IN→ loneliness ←HAS_KEYWORD─ Her",
        ]
        assert len({len(line) for line in lines}) == 1  # numbers end in one column
        assert run("isolated").stdout == " nothing is found\n"
        chosen = run("meeting", "-p", "limit=1")
        assert "not given, so chosen: user = User/demo" in chosen.stderr
        assert chosen.stdout.count("─INTERESTED_IN→") == 2

    def test_an_answer_in_json_has_keys(self, run: Callable[..., Result]) -> None:
        answer = json.loads(run("interests", "-p", "user=demo", "--json").stdout)
        assert answer["question"].startswith("What is this person interested in")
        assert answer["parameters"]["user"] == "User/demo"
        assert answer["rows"][0]["path"]["relations"] == [
            {"type": "INTERESTED_IN", "start": "User/demo", "end": "Film/arrival"}
        ]

    def test_what_is_printed_runs(self, run: Callable[..., Result], sample: Asked) -> None:
        lines, statement = run("hubs", "-p", "limit=3", "--print").stdout.split("\n\n", 1)
        assert lines.splitlines()[-1] == ":param limit => 3;"
        assert ":param titles => ({Film: 'title', " in lines
        with sample.client._session("READ") as session:
            parameters = values(sample.client, sample.schema, question("hubs"), {"limit": "3"}).values
            assert len(session.run(statement, parameters).data()) == 3

    def test_the_scripts_are_written(self, run: Callable[..., Result], tmp_path: Path) -> None:
        shown = run("--export", tmp_path / "questions.zip")
        count = len(questions()) + 1
        assert shown.stdout == f"{count} scripts written to {tmp_path / 'questions.zip'}\n"
        assert "drop the file on Neo4j Browser" in shown.stderr
        with zipfile.ZipFile(tmp_path / "questions.zip") as archive:
            names = archive.namelist()
            first = archive.read(names[0]).decode()
            why = archive.read("kg-rec/why.cypher").decode()
        assert names[0] == "kg-rec/0_parameters.cypher" and len(names) == count
        assert first.startswith("// Parameters: run this first") and ":param user => 'User/demo';\n" in first
        assert "// :param user => 'User/demo';\n" in why
        run("--export", tmp_path / "questions")
        assert len(list((tmp_path / "questions").glob("*.cypher"))) == count

    def test_the_style_is_printed(self, run: Callable[..., Result]) -> None:
        assert 'node.Film {\n  caption: "{title}";' in run("--style").stdout

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["why", "--style"], "Expected one of QUESTION, --export and --style, found QUESTION and --style"),
            (["--param", "a=b"], "--param is for one question; found none"),
            (["--print"], "--print is for one question; found none"),
            (["why", "-p", "user"], "--param user: expected NAME=VALUE, found no '='"),
            (["why", "-p", "user=a", "-p", "user=b"], "--param user: expected it once, found it twice"),
            (["wy"], "'wy': expected the name of a question, found none"),
        ],
    )
    def test_what_does_not_fit_together_is_refused(
        self, run: Callable[..., Result], arguments: list[str], message: str
    ) -> None:
        with pytest.raises(InputError, match=message):
            run(*arguments)


class TestOtherDomains:
    """The last of the file: each graph takes the place of the one before."""

    @pytest.mark.parametrize("files", [SHOP, MUSIC, FILMS, WITHOUT_USERS], ids=["shop", "music", "films", "no users"])
    def test_every_question_can_be_asked(
        self, server: ManagedServer, empty: Callable[[], None], tmp_path: Path, files: Files
    ) -> None:
        empty()
        with connect(server.settings) as client:
            asked = loaded(client, write(tmp_path / "graph", files))
            keys = [row["key"] for row in asked.rows("start") if row["kind"] != "person"]
            attach(client, asked.schema, "ann", [likes(keys[0]), likes(keys[-1], polarity=-1)], encoder="hash")
            attach(client, asked.schema, "ben", [likes(keys[0])], encoder="hash")
            files_of_graph = saved_scripts(client, asked.schema)
            kind = asked.schema.interaction.kind if asked.schema.interaction else None
            for one in questions():
                if kind is None and any(parameter.name == "interaction" for parameter in one.parameters):
                    with pytest.raises(GraphError, match="asks about interactions, and the graph has none"):
                        asked.rows(one.name)
                elif one.name == "divisive" and kind != "rating":
                    with pytest.raises(GraphError, match="the graph has no ratings"):
                        asked.rows(one.name)
                else:
                    asked.rows(one.name)
                    assert f"{one.name}.cypher" in files_of_graph
                    continue
                assert f"{one.name}.cypher" not in files_of_graph
            assert asked.rows("people_share", user="ann", otherUser="ben")[0]["path"][1] == keys[0]
            assert {row["person"] for row in asked.rows("newcomers")} == {
                f"{asked.rows('start')[0]['key'].partition('/')[0]}/{name}" for name in ("ann", "ben")
            }
        empty()

    def test_a_graph_without_anybody_says_so(
        self, server: ManagedServer, empty: Callable[[], None], tmp_path: Path
    ) -> None:
        empty()
        with connect(server.settings) as client:
            asked = loaded(client, write(tmp_path / "graph", WITHOUT_USERS))
            with pytest.raises(GraphError, match="--param user was not given, and the graph has no person") as caught:
                asked.rows("interests")
            assert "kg-rec attach" in caught.value.remedy
            assert "hubs.cypher" in saved_scripts(client, asked.schema)
        empty()

    def test_a_question_about_two_says_that_there_is_one(
        self, server: ManagedServer, empty: Callable[[], None], tmp_path: Path
    ) -> None:
        empty()
        with connect(server.settings) as client:
            asked = loaded(client, write(tmp_path / "graph", WITHOUT_USERS))
            key = asked.rows("start")[0]["key"]
            attach(client, asked.schema, "ann", [likes(key)], encoder="hash")
            for given in ({}, {"user": "ann"}):
                with pytest.raises(GraphError) as caught:
                    asked.rows("people_share", **given)
                assert "The question is about two people: expected --param otherUser=PERSON beside '" in str(
                    caught.value
                )
                assert caught.value.remedy == 'Attach somebody else first: kg-rec attach ben "what they say"'
            with pytest.raises(
                GraphError, match=r"expected --param user=PERSON beside '.*/ann', and the graph has no other"
            ):
                asked.rows("people_share", otherUser="ann")
            attach(client, asked.schema, "ben", [likes(key)], encoder="hash")
            assert asked.rows("people_share")[0]["path"][1] == key
        empty()
