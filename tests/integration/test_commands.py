"""The commands in this process: what each says, writes to the graph and to files, on the sample graph and a real Neo4j."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, LiteralString

import neo4j
import pytest
from click.testing import Result
from example_graphs import FILMS, write
from film_graphs import artifact_of, two_tastes
from typer.testing import CliRunner

from kg_rec.cli import build_app
from kg_rec.errors import ArtifactError, InputError, SettingsError, UnknownEntityError
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.export_file import read_export
from kg_rec.graph.server import ManagedServer
from kg_rec.model import training
from kg_rec.model.artifact import save_artifact
from kg_rec.schema import write_schema
from kg_rec.schema_inference import infer_schema

_ROW = re.compile(r"^ {1,2}(\d+)  (\S.*?) {2,}(\S.*)$", re.MULTILINE)
"""A recommendation as it is printed: rank, title, reason."""


@dataclass(frozen=True)
class Commands:
    """Runs commands for one home, and looks into the graph past them."""

    home: Path
    driver: neo4j.Driver

    def invoke(self, *arguments: object, words: str = "") -> Result:
        """Run a command with `words` on its standard input; errors raised on purpose are raised again."""
        result = CliRunner().invoke(build_app(), [*map(str, arguments), "--home", str(self.home)], input=words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def run(self, *arguments: object, words: str = "") -> str:
        """Run a command that succeeds, and return what it answers."""
        result = self.invoke(*arguments, words=words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: object) -> Any:
        """Run a command that answers in JSON."""
        return json.loads(self.run(*arguments, "--json"))

    def rows(self, statement: LiteralString, **parameters: object) -> list[dict[str, Any]]:
        """Run a statement of the test's own."""
        return [row.data() for row in self.driver.execute_query(statement, parameters).records]

    def graph(self) -> list[list[dict[str, Any]]]:
        """All nodes and relations with all they hold."""
        return [
            self.rows("MATCH (n) RETURN labels(n) AS labels, properties(n) AS held ORDER BY n.key"),
            self.rows(
                "MATCH (a)-[r]->(b) RETURN a.key AS a, type(r) AS type, b.key AS b, properties(r) AS held "
                "ORDER BY a, type, b"
            ),
        ]

    def files(self) -> dict[str, tuple[int, int]]:
        """Size and time of change of each file of the home, but for those of Neo4j."""
        return {
            path.relative_to(self.home).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in self.home.rglob("*")
            if path.is_file() and path.relative_to(self.home).parts[0] != "neo4j"
        }


@pytest.fixture(scope="module")
def commands(
    server: ManagedServer, empty: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Commands]:
    """A home of its own on the session's Neo4j, as if that were its managed one, and nothing in either."""
    empty()
    home = tmp_path_factory.mktemp("commands") / "a home"
    home.mkdir()
    (home / "neo4j").symlink_to(server.home)
    login = ("neo4j", server.password())
    with (
        pytest.MonkeyPatch.context() as patch,
        neo4j.GraphDatabase.driver(str(server.status().uri), auth=login) as driver,
    ):
        patch.setenv("KG_REC_ENCODER", "hash")
        patch.setattr(training, "TrainingSettings", partial(training.TrainingSettings, steps=2))
        yield Commands(home, driver)
    empty()


@pytest.fixture(scope="module")
def first(commands: Commands) -> Result:
    """What the demo said the first time."""
    return commands.invoke("demo")


@pytest.fixture
def sample(commands: Commands, first: Result) -> Commands:
    """Commands for the home in which the demo has run."""
    assert first.exit_code == 0, first.output
    return commands


def beside(commands: Commands, folder: Path) -> Commands:
    """Commands for another home, with the same managed Neo4j."""
    folder.mkdir()
    (folder / "neo4j").symlink_to(commands.home / "neo4j")
    return Commands(folder, commands.driver)


class TestDemo:
    def test_it_goes_the_whole_way(self, sample: Commands, first: Result, server: ManagedServer) -> None:
        assert "the sample graph is loaded: 3,663 nodes, 18,999 relations" in first.stderr
        assert "the person 'demo' is attached" in first.stderr
        assert re.search(r"^model \S+: 673 items, 3,363 entities$", first.stdout, re.MULTILINE)
        assert " understood    + film Arrival  − genre Horror" in first.stdout
        rows = _ROW.findall(first.stdout)
        assert [int(rank) for rank, _, _ in rows] == list(range(1, 11))
        assert not any(title.startswith("Arrival") for _, title, _ in rows)
        assert f"{server.status().http}/browser/" in first.stdout
        assert f"kg-rec interests demo --add \"time travel\" --home '{sample.home}'" in first.stdout
        assert sample.rows("MATCH (n:KGPerson) RETURN n.key AS key") == [{"key": "User/demo"}]

    def test_again_it_changes_nothing(self, sample: Commands, first: Result) -> None:
        graph, files = sample.graph(), sample.files()
        again = sample.invoke("demo")
        for done in ("graph is loaded", "model is trained", "person 'demo' is attached"):
            assert f"{done} already" in again.stderr
        assert _ROW.findall(again.stdout) == _ROW.findall(first.stdout)
        assert (sample.graph(), sample.files()) == (graph, files)

    def test_what_was_broken_off_is_finished(self, sample: Commands) -> None:
        graph, schema = sample.graph(), sample.home / "schema.toml"
        written = schema.read_text()
        schema.unlink()
        sample.rows("MATCH (:Film)-[r:HAS_GENRE]->() DELETE r")
        sample.rows("MATCH (n:Keyword) WHERE NOT EXISTS { (n)<-[:INTERESTED_IN]-() } DETACH DELETE n")
        again = sample.invoke("demo")
        assert "the sample graph is loaded: 3,663 nodes" in again.stderr
        assert "the model is trained already" in again.stderr
        assert sample.graph() == graph and schema.read_text() == written

    def test_people_who_were_attached_are_no_other_graph(self, sample: Commands) -> None:
        sample.run("attach", "eve", "westerns")
        assert "loaded already" in sample.invoke("demo").stderr
        sample.run("detach", "eve")

    @pytest.mark.parametrize(
        ("node", "told"),
        [
            ("(:Note {text: 'mine'})", "1 node that kg-rec did not load"),
            ("(:KGEntity:Film {key: 'Film/603'})", "Film/603"),
            ("(:KGEntity {name: 'mine'})", "found 4:"),
        ],
    )
    def test_another_graph_is_left_alone(
        self, sample: Commands, server: ManagedServer, tmp_path: Path, node: str, told: str
    ) -> None:
        sample.rows(f"CREATE {node}")
        before = sample.graph()
        elsewhere = ("--neo4j-uri", server.status().uri, "--neo4j-password", server.password())
        try:
            with pytest.raises(SettingsError, match="holds another graph: expected nothing but the sample") as caught:
                sample.invoke("demo")
            assert told in caught.value.message and "kg-rec demo --home FOLDER" in caught.value.remedy
            with pytest.raises(SettingsError, match="holds another graph") as caught:
                Commands(tmp_path / "new", sample.driver).invoke("demo", *elsewhere)
            assert told in caught.value.message and "--neo4j-uri (KG_REC_NEO4J_URI)" in caught.value.remedy
            assert sample.graph() == before
        finally:
            sample.rows("MATCH (n) WHERE n.key IS NULL OR n.key = 'Film/603' DELETE n")

    def test_a_home_with_the_schema_or_the_model_of_another_graph_is_left_alone(
        self, sample: Commands, tmp_path: Path
    ) -> None:
        before = sample.graph()
        other = beside(sample, tmp_path / "other")
        schema, reasons = infer_schema(read_folder(write(tmp_path / "films", FILMS)))
        assert schema.item.label == "Film"  # as in the sample
        write_schema(schema, other.home / "schema.toml", reasons)
        with pytest.raises(SettingsError, match="is of another graph: expected the property 'plot' of Film"):
            other.invoke("demo")
        other = beside(sample, tmp_path / "third")
        save_artifact(artifact_of(two_tastes(), steps=0), other.home / "model")
        with pytest.raises(SettingsError, match=r"model of another graph: .* found Film/000, Film/001"):
            other.invoke("demo")
        assert sample.graph() == before


class TestRecommend:
    def test_to_words(self, sample: Commands) -> None:
        shown = sample.run("recommend", "a slow western, nothing animated", "-k", 30)
        assert "+ genre Western" in shown and "− genre Animation" in shown
        rows = _ROW.findall(shown)
        assert [int(rank) for rank, _, _ in rows] == list(range(1, 31))
        assert any(reason.startswith("Western") for _, _, reason in rows) and "MATCH" not in shown
        assert sample.run("recommend", "-", "-k", 30, words="a slow western, nothing animated") == shown

    def test_in_json(self, sample: Commands) -> None:
        answer = sample.json("recommend", "a western like Unforgiven", "-k", 20)
        assert {(one["entity"], one["polarity"], one["source"]) for one in answer["interests"]} >= {
            ("Genre/Western", 1, "named"), ("Film/unforgiven", 1, "named"),
        }  # fmt: skip
        assert [item["rank"] for item in answer["items"]] == list(range(1, 21))
        assert "Film/unforgiven" not in {item["key"] for item in answer["items"]}
        likely = [item["probability"] for item in answer["items"]]
        assert likely == sorted(likely, reverse=True) and 0 < likely[-1] <= likely[0] < 1
        reached = next(item for item in answer["items"] if item["path"])
        assert reached["key"] == f"Film/{reached['id']}" and reached["properties"]["title"] == reached["title"]
        assert reached["why"]
        assert sample.rows(reached["statement"])

    def test_conditions_and_exclusions_hold(self, sample: Commands) -> None:
        asked = ("recommend", "a western", "-k", 5)
        plain = sample.json(*asked)["items"]
        newer = sample.json(*asked, "--where", "year>=1990", "--where", "year<2010")["items"]
        assert newer and all(1990 <= item["properties"]["year"] < 2010 for item in newer)
        out = ("--exclude", plain[0]["title"], "--exclude", plain[1]["key"], "--exclude", plain[2]["id"])
        rest = sample.json(*asked, *out)["items"]
        for name in ("key", "probability"):
            assert [item[name] for item in rest[:2]] == [item[name] for item in plain[3:]]
        with pytest.raises(InputError, match="--where"):
            sample.run(*asked, "--where", "colour=red")
        with pytest.raises(UnknownEntityError, match="'Unforgivn'") as caught:
            sample.run(*asked, "--exclude", "Unforgivn")
        with pytest.raises(UnknownEntityError, match=r"title 'xyzzy'\.\nNo title is near it"):
            sample.run(*asked, "--exclude", "xyzzy")
        assert "Unforgiven" in caught.value.remedy

    def test_items_differ_as_much_as_is_asked_for(self, sample: Commands, tmp_path: Path) -> None:
        asked = ("recommend", "science fiction like Arrival", "-k", 10)
        plain, other = (sample.json(*asked, "--diversity", share)["items"] for share in (0, 0.9))
        assert plain == sample.json(*asked)["items"]
        keys = [item["key"] for item in other]
        assert keys[0] == plain[0]["key"] and set(keys) != {item["key"] for item in plain}
        assert set(keys) <= {item["key"] for item in sample.json(*asked[:3], 50)["items"]}
        assert [item["rank"] for item in other] == list(range(1, 11)) and all(item["why"] for item in other)
        people, answers = tmp_path / "people.jsonl", tmp_path / "recs.jsonl"
        people.write_text(json.dumps({"user_id": 1, "text": asked[1]}) + "\n")
        sample.run("recommend", "--input", people, "--output", answers, "-k", 10, "--diversity", 0.9)
        assert json.loads(answers.read_text())["items"] == [item["id"] for item in other]

    def test_paths_can_be_followed(self, sample: Commands) -> None:
        shown = sample.run("recommend", "a western", "-k", 2, "--paths")
        statements = re.findall(r"^ +(MATCH .*)$", shown, re.MULTILINE)
        assert len(statements) == 2 and all(sample.rows(statement) for statement in statements)

    def test_to_a_person_in_the_graph(self, sample: Commands) -> None:
        sample.run("attach", "una", "a western like Unforgiven")
        found = sample.json("recommend", "--user", "una", "-k", 3)
        assert {one["entity"] for one in found["interests"]} == {"Genre/Western", "Film/unforgiven"}
        assert "User/una" in found["items"][0]["statement"]
        sample.run("detach", "una")
        liked = sample.json("recommend", "--user", "sim-001", "-k", 3)
        assert "has no interests yet: known by the" in " ".join(liked["notes"])
        rated = sample.rows("MATCH (:User {key: 'User/sim-001'})-[:RATED]->(n) RETURN n.key AS key")
        assert not {item["key"] for item in liked["items"]} & {row["key"] for row in rated}
        with pytest.raises(UnknownEntityError, match="no person 'una'"):
            sample.run("recommend", "--user", "una")

    def test_to_many(self, sample: Commands, tmp_path: Path) -> None:
        people, answers = tmp_path / "people.jsonl", tmp_path / "recs.jsonl"
        told = [
            {"user_id": 7, "text": "a western"},
            {"user_id": "zoë", "text": "no horror"},
            {"user_id": None, "text": ""},
        ]
        people.write_text("\n\n".join(json.dumps(one) for one in told) + "\n")
        shown = sample.run("recommend", "--input", people, "--output", answers, "-k", 5, "--where", "year>=1990")
        assert shown == f"recommendations for 3 people written to {answers}\n"
        lines = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
        assert [line["user_id"] for line in lines] == [7, "zoë", None]
        assert all(len(line["items"]) == len(line["scores"]) == len(line["probabilities"]) == 5 for line in lines)
        alone = sample.json("recommend", "a western", "-k", 5, "--where", "year>=1990")
        assert lines[0]["items"] == [item["id"] for item in alone["items"]]
        assert [(one["entity"], one["polarity"]) for one in lines[1]["interests"]] == [("Genre/Horror", -1)]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["people.jsonl", "recs.jsonl"]

    def test_many_that_cannot_be_written_are_told(self, sample: Commands, tmp_path: Path) -> None:
        people = tmp_path / "people.jsonl"
        people.write_text('{"user_id": 1, "text": "a western"}\n')
        with pytest.raises(InputError, match="the recommendations cannot be written: No such file"):
            sample.run("recommend", "--input", people, "--output", tmp_path / "away" / "recs.jsonl")


class TestPeople:
    @pytest.fixture
    def ann(self, sample: Commands) -> Iterator[Commands]:
        """Commands for the sample in which ann is attached."""
        sample.run("attach", "ann", "westerns like Unforgiven, please no horror")
        yield sample
        sample.run("detach", "ann")

    def interests(self, commands: Commands) -> dict[str, tuple[int, str]]:
        found = commands.json("interests", "ann")
        assert found["user"] == "ann"
        return {one["entity"]: (one["polarity"], one["source"]) for one in found["interests"]}

    def test_everything_about_a_person_is_exported(self, ann: Commands) -> None:
        found = json.loads(ann.run("people", "export", "ann"))
        assert found["person"] == "ann" and found["key"] == "User/ann" and not found["of_graph"]
        assert {one["entity"] for one in found["interests"]} >= {"Film/unforgiven", "Genre/Horror"}
        assert all(one["evidence"] and one["inferredAt"] for one in found["interests"])
        assert found["events"] == [] and found["interactions"] == []
        loaded = json.loads(ann.run("people", "export", "sim-001"))
        assert loaded["of_graph"] and loaded["interactions"]
        with pytest.raises(UnknownEntityError, match="There is no person 'anne'"):
            ann.invoke("people", "export", "anne")

    def test_attaching_writes_what_the_words_show(self, ann: Commands) -> None:
        shown = ann.run("attach", "ann", "-", words="westerns like Unforgiven, please no horror")
        assert re.search(r'^ \+ genre Western +\d\.\d\d  "westerns"$', shown, re.MULTILINE)
        assert re.search(r'^ − genre Horror +\d\.\d\d  "horror"$', shown, re.MULTILINE)
        edges = ann.rows(
            "MATCH (p:KGPerson {key: 'User/ann'})-[r:INTERESTED_IN]->(b) "
            "RETURN b.key AS entity, r.polarity AS polarity, r.encoder AS encoder ORDER BY entity"
        )
        assert edges == [
            {"entity": "Film/unforgiven", "polarity": 1, "encoder": "hash"},
            {"entity": "Genre/Horror", "polarity": -1, "encoder": "hash"},
            {"entity": "Genre/Western", "polarity": 1, "encoder": "hash"},
        ]
        assert ann.json("attach", "ann", "westerns")["interests"][0]["evidence"] == "westerns"
        assert "ann has no interests" in ann.run("attach", "ann", "")

    def test_interests_are_set_and_removed(self, ann: Commands) -> None:
        before = self.interests(ann)
        assert before == {"Genre/Western": (1, "named"), "Film/unforgiven": (1, "named"), "Genre/Horror": (-1, "named")}
        shown = ann.run("interests", "ann", "--add", "time travel", "--add", "Genre/Horror", "--remove", "western")
        assert re.search(r"^ \+ keyword time travel +1\.00  set by the person$", shown, re.MULTILINE)
        assert re.search(r"^ \+ genre Horror +1\.00  set by the person  was disliked until now$", shown, re.MULTILINE)
        assert self.interests(ann) == {
            "Keyword/time travel": (1, "person"), "Genre/Horror": (1, "person"), "Film/unforgiven": (1, "named"),
        }  # fmt: skip
        turned = ann.json("interests", "ann", "--add", "time travel", "--dislike")["turned"]
        assert [(one["entity"], one["polarity"]) for one in turned] == [("Keyword/time travel", 1)]
        assert self.interests(ann)["Keyword/time travel"] == (-1, "person")

    def test_a_misspelt_name_changes_nothing(self, ann: Commands) -> None:
        before = ann.graph()
        for change in (
            ("--remove", "western", "--remove", "horor"),
            ("--remove", "western", "--add", "time travell"),
            ("--add", "time travel", "--add", "horor"),
        ):
            with pytest.raises(UnknownEntityError):
                ann.run("interests", "ann", *change)
            assert ann.graph() == before

    def test_everybody_is_listed(self, ann: Commands) -> None:
        shown = ann.run("interests")
        assert re.search(r"^ ann +3 interests$", shown, re.MULTILINE)
        ann.run("attach", "sim-002", "westerns")
        assert re.search(r"^ sim-002 +1 interest  of the loaded graph$", ann.run("interests"), re.MULTILINE)
        assert ann.json("interests")["people"] == [
            {"user": "ann", "interests": 3, "of_graph": False},
            {"user": "demo", "interests": 4, "of_graph": False},
            {"user": "sim-002", "interests": 1, "of_graph": True},
        ]
        assert ann.run("detach", "sim-002") == "sim-002: 1 interest removed; the node came with the graph and stays\n"

    def test_detaching_leaves_nothing(self, sample: Commands) -> None:
        before = sample.graph()
        sample.run("attach", "bob", "westerns")
        assert sample.run("detach", "bob") == "bob: 1 interest removed; the node is gone, too\n"
        assert sample.graph() == before
        with pytest.raises(UnknownEntityError, match="no person 'bob'"):
            sample.run("interests", "bob")

    def test_detaching_a_misspelt_person_names_the_nearest_and_removes_nothing(self, ann: Commands) -> None:
        before = ann.graph()
        with pytest.raises(
            UnknownEntityError, match=r"no person 'sim-0022' .*; nothing was removed\.\n.*'sim-002'"
        ) as told:
            ann.run("detach", "sim-0022")
        assert "kg-rec attach" not in str(told.value)
        with pytest.raises(UnknownEntityError, match=r"nothing was removed\.\nNobody's id is spelt like that"):
            ann.run("detach", "xyzzy")
        assert ann.graph() == before

    def test_nobody_is_listed_where_nobody_was_attached(self, sample: Commands) -> None:
        sample.run("detach", "demo")
        assert sample.run("interests") == " nobody has been attached\n"
        assert "the person 'demo' is attached" in sample.invoke("demo").stderr


class TestSimilar:
    ROW = re.compile(r"^ {1,2}(\d+)  (\S.*?) +(-?0\.\d\d) +(-?0\.\d\d) +(-?0\.\d\d) +(-?0\.\d\d)   (.*)$", re.MULTILINE)
    """Rank, who or what, cosine, its three parts, what is shared."""

    def test_items_near_to_an_item(self, sample: Commands) -> None:
        shown = self.ROW.findall(sample.run("similar", "Unforgiven", "-k", 12))
        assert [int(row[0]) for row in shown] == list(range(1, 13))
        found = sample.json("similar", "Film/unforgiven", "-k", 12)
        assert found["to"] == "Unforgiven" and len(found["items"]) == 12
        assert [row[1] for row in shown] == [f"{one['title']} ({one['properties']['year']})" for one in found["items"]]
        assert any("Western" in row[6] for row in shown)
        for one in found["items"]:
            assert one["key"] != "Film/unforgiven" and one["key"] == f"Film/{one['id']}"
            assert sum(one["parts"].values()) == pytest.approx(one["cosine"], abs=2e-4)
        told = sample.rows(
            "MATCH (:Film {key: 'Film/unforgiven'})--(shared:KGEntity)--(n:Film {key: $key}) WHERE NOT shared:User "
            "RETURN DISTINCT shared.name AS name",
            key=found["items"][0]["key"],
        )
        reasons = [part for part in found["items"][0]["why"].split(" · ") if "who liked" not in part]
        assert reasons and set(reasons) <= {row["name"] for row in told}

    def test_what_is_not_there_or_not_clear_is_told(self, sample: Commands) -> None:
        with pytest.raises(UnknownEntityError, match="'Unforgivn'") as caught:
            sample.run("similar", "Unforgivn")
        assert "Unforgiven" in caught.value.remedy
        twice = sample.rows(
            "MATCH (n:Film) WITH n.title AS title, collect(n.key) AS keys WHERE size(keys) > 1 RETURN *"
        )
        with pytest.raises(InputError, match="is the title of several items") as several:
            sample.run("similar", twice[0]["title"])
        assert all(key in several.value.message for key in twice[0]["keys"])
        with pytest.raises(UnknownEntityError, match="no person 'sim-01'") as nobody:
            sample.run("similar", "--user", "sim-01")
        assert "sim-010" in nobody.value.remedy or "sim-001" in nobody.value.remedy

    def test_people_near_to_a_person(self, sample: Commands) -> None:
        sample.run("attach", "una", "westerns like Unforgiven, no horror")
        sample.run("attach", "ulf", "Unforgiven and other westerns")
        sample.run("attach", "nil", "")
        try:
            found = sample.json("similar", "--user", "una", "-k", 400)
            people = {one["user"]: one for one in found["people"]}
            assert found["to"] == "una" and not {"una", "nil"} & set(people)
            assert found["people"][0]["user"] == "ulf" and people["ulf"]["shared"] == 2
            assert set(people["ulf"]["names"]) == {"Unforgiven", "Western"}
            # Everybody of the loaded graph who likes something is there, and they share what they like.
            assert sum(user.startswith("sim-") for user in people) == 300
            fans = sample.rows(
                "MATCH (n:User)-[r:RATED]->() WITH n, avg(r.rating) AS mean "
                "MATCH (n)-[r:RATED]->(:Film {key: 'Film/unforgiven'}) WHERE r.rating >= mean AND r.rating >= 2.75 "
                "RETURN n.userId AS user"
            )
            shared = {user for user, one in people.items() if one["shared"] and user.startswith("sim-")}
            assert fans and shared == {row["user"] for row in fans}
            shown = self.ROW.findall(sample.run("similar", "--user", "una", "-k", 3))
            assert shown[0][1] == "ulf" and shown[0][6] == "2 in common: Western · Unforgiven"
            items = sample.json("similar", "--user", "una", "--items", "-k", 5)
            assert "Film/unforgiven" not in {one["key"] for one in items["items"]}
            assert any("Western" in one["why"] for one in items["items"])
            with pytest.raises(InputError, match="Of 'nil' the model knows nothing to compare"):
                sample.run("similar", "--user", "nil")
        finally:
            for user in ("una", "ulf", "nil"):
                sample.run("detach", user)

    def test_somebody_of_the_graph_has_a_vector_too(self, sample: Commands) -> None:
        found = sample.json("similar", "--user", "sim-001", "-k", 5)["people"]
        assert len(found) == 5 and all(one["shared"] and one["cosine"] > 0.2 for one in found)


class TestModel:
    def test_it_shows_what_the_model_is(self, sample: Commands) -> None:
        card = sample.json("model", "show")
        manifest = json.loads((sample.home / "model" / card["version"] / "manifest.json").read_text())
        assert card["settings"] == {"steps": [2, 24]} and (card["item"], card["items"]) == ("Film", 673)
        assert sum(card["entities"].values()) == 3363 and card["encoder"] == manifest["encoder"]
        assert {one["signal"]: one["asking"] for one in card["signals"]} == manifest["signal_weights"]["asking"]
        assert {one["signal"]: one["telling"] for one in card["signals"]} == manifest["signal_weights"]["telling"]
        assert card["relations"] == manifest["relation_weights"]
        shown = sample.run("model", "show")
        assert re.search(rf"^ model +{card['version']}, trained 20", shown, re.MULTILINE)
        assert re.search(r"^ settings +steps 2 \(default 24\)$", shown, re.MULTILINE)
        for one in card["signals"]:
            row = (
                rf"^ {one['signal']} +{one['asking']:.3f} +{one['asking_share']:.0%} +"
                rf"{one['telling']:.3f} +{one['telling_share']:.0%}$"
            )
            assert re.search(row, shown, re.MULTILINE), row
        for name in ("LIKED_TOGETHER", "HAS_GENRE"):
            assert re.search(rf"^ {name} +{card['relations'][name]:.3f}", shown, re.MULTILINE)

    def test_it_lists_the_models(self, sample: Commands, tmp_path: Path) -> None:
        (version,) = sample.json("model", "list")
        assert version["current"] and not version["problem"]
        assert sample.run("model", "list") == f" {version['name']}  trained {version['created']}  current\n"
        with pytest.raises(ArtifactError, match="no trained model"):
            Commands(tmp_path / "new", sample.driver).run("model", "show")


class TestTrain:
    def test_it_makes_a_new_model_the_current_one(self, sample: Commands, tmp_path: Path) -> None:
        other = beside(sample, tmp_path / "other home")
        (other.home / "schema.toml").write_bytes((sample.home / "schema.toml").read_bytes())
        shown = other.run("train", "--seed", 3, "--steps", 1)
        version = re.findall(r"^model (\S+): 673 items, 3,363 entities$", shown, re.MULTILINE)[0]
        assert re.search(r"^  encoding \S+ s, training \S+ s$", shown, re.MULTILINE)
        assert re.search(
            r"held-out texts of simulated people, step \d+: recall@50 0\.\d{3} \(untrained 0\.\d{3}\)", shown
        )
        assert (other.home / "model" / version / "tensors.safetensors").exists()
        assert other.json("recommend", "a western", "-k", 1)["items"]
        assert other.run("train", "--steps", 0) != shown
        assert sum(path.is_dir() for path in (other.home / "model").iterdir()) == 2

    def test_a_graph_that_changed_is_told_with_each_answer(self, sample: Commands) -> None:
        sample.rows("CREATE (:KGEntity:Genre {key: 'Genre/New', name: 'New'})")
        try:
            assert "The graph has changed since the model was made" in sample.run("recommend", "a western")
        finally:
            sample.rows("MATCH (n {key: 'Genre/New'}) DELETE n")


class TestExport:
    def test_it_shows_and_writes_the_tensors(self, sample: Commands, tmp_path: Path) -> None:
        shown = sample.run("export", "--output", tmp_path / "graph")
        data = read_export(tmp_path / "graph")
        assert re.search(r"^ *Film +673 +filmId, originalTitle, summary, title, year *$", shown, re.MULTILINE)
        assert re.search(r"^ *User RATED Film +\d+,\d{3} +rating, timestamp *$", shown, re.MULTILINE)
        assert f"fingerprint {data.fingerprint}" in shown
        assert f"written to {tmp_path / 'graph.safetensors'} and {tmp_path / 'graph.json'}" in shown
        assert "User/demo" not in data["User"].key and len(data["Film"].key) == 673


class TestDoctor:
    def test_nothing_is_wrong(self, sample: Commands) -> None:
        found = {finding["check"]: finding for finding in sample.json("doctor")}
        assert {finding["state"] for finding in found.values()} == {"fine"}
        assert "answers: 3,663 nodes, 18,999 relations" in found["neo4j"]["found"]
        assert found["schema"]["found"].startswith("(:User)-[:RATED]->(:Film), interests in ")
        assert "hash, " in found["encoder"]["found"] and ", 673 items, trained " in found["model"]["found"]
        assert re.search(r"^ ✓ neo4j +\S+ answers", sample.run("doctor"), re.MULTILINE)

    def test_what_is_not_there_yet_is_open_and_what_cannot_be_used_is_wrong(
        self, sample: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        new = Commands(tmp_path / "new", sample.driver)
        shown = new.run("doctor")
        for check in ("home", "neo4j", "schema", "model"):
            assert re.search(rf"^ · {check} ", shown, re.MULTILINE), shown
        assert "→ kg-rec neo4j start" in shown and not new.home.exists()
        monkeypatch.setenv("KG_REC_JAVA", str(tmp_path / "no java"))
        result = new.invoke("doctor")
        assert result.exit_code == 1 and re.search(r"^ ✗ java .*no java", result.stdout, re.MULTILINE)
