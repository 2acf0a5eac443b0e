"""The questions, the style and the Saved Scripts, without a Neo4j."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from neo4j.graph import Graph, Node
from neo4j.graph import Path as GraphPath
from neo4j.time import DateTime

from kg_rec.errors import InputError
from kg_rec.graph.answers import as_plain, as_text
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.explore import literal, parameter_line, question, questions
from kg_rec.graph.saved_scripts import for_browser, write_saved_scripts
from kg_rec.graph.server_browser import browser_style
from kg_rec.graph.style import grass, style_rules
from kg_rec.sample import sample_folder
from kg_rec.schema import EntitySchema, GraphSchema, InteractionSchema, ItemSchema, UserSchema
from kg_rec.schema_inference import infer_schema

ROOT = Path(__file__).parents[2]
SONGS = GraphSchema(
    item=ItemSchema(label="Song", id="id", title="title"),
    user=UserSchema(label="Listener", id="listenerId"),
    interaction=InteractionSchema(type="LISTENED_TO", kind="unary"),
    entities={"Band": EntitySchema(title="name"), "Mood": EntitySchema(title="word")},
    interests=("Band",),
)


class TestQuestions:
    def test_each_is_a_question_with_what_it_is_about(self) -> None:
        found = {one.name: one for one in questions()}
        assert len(found) >= 14
        assert all(one.text.endswith("?") and "\n" not in one.text for one in found.values())
        assert {one.about for one in found.values()} == {"a person", "an item", "an entity", "the graph"}
        assert len({one.text for one in found.values()}) == len(found)
        assert (found["why"].text, found["why"].about) == ("Why this item for this person?", "a person")

    @pytest.mark.parametrize("name", [one.name for one in questions()])
    def test_each_parameter_has_an_example_to_paste(self, name: str) -> None:
        asked = question(name)
        assert {one.name for one in asked.parameters} == asked.script.parameters
        for one in asked.parameters:
            assert f"// {parameter_line(one.name, one.example)}\n" in asked.script.text
        assert re.search(r"^LIMIT toInteger\(\$limit\)$|^  LIMIT toInteger", asked.script.text, re.MULTILINE)

    def test_no_deprecated_form_is_used(self) -> None:
        for asked in questions():
            code = "\n".join(line for line in asked.script.text.splitlines() if not line.startswith("//"))
            assert not re.search(r"\bid\(|shortestPath|allShortestPaths|exists\(|size\(\(", code, re.IGNORECASE)

    def test_a_name_that_is_none_is_an_error_with_those_that_are(self) -> None:
        with pytest.raises(InputError, match="'whyy': expected the name of a question") as caught:
            question("whyy")
        assert "why" in caught.value.remedy and "hubs" in caught.value.remedy


class TestParameters:
    @pytest.mark.parametrize(
        ("value", "told"),
        [
            ("it's a \\ and\na line", r"'it\'s a \\ and\na line'"),
            (7, "7"),
            (2.5, "2.5"),
            (True, "true"),
            (None, "null"),
            (["a", 1], "['a', 1]"),
            ({"Film": "title", "a `b": "x"}, "{Film: 'title', `a ``b`: 'x'}"),
        ],
    )
    def test_a_value_is_written_as_cypher_has_it(self, value: object, told: str) -> None:
        assert literal(value) == told

    def test_a_map_stands_in_parentheses(self) -> None:
        """Neo4j Browser takes a brace after the arrow for the beginning of a statement."""
        assert parameter_line("titles", {}) == ":param titles => ({});"
        assert parameter_line("user", "User/ann") == ":param user => 'User/ann';"

    def test_what_is_pasted_has_lines_first_and_no_examples_after(self) -> None:
        text = for_browser(question("why").script.text, {"user": "A/1", "limit": 3})
        lines, statement = text.split("\n\n", 1)
        assert lines == ":param user => 'A/1';\n:param limit => 3;"
        assert statement.startswith("// Why this item for this person?\n") and ":param" not in statement


class TestStyle:
    def test_every_label_is_called_by_its_title_and_people_by_their_id(self) -> None:
        rules = style_rules(SONGS)
        assert {selector: rule["caption"] for selector, rule in rules.items() if "caption" in rule} == {
            "node.KGEntity": "{key}",
            "node.Listener": "{listenerId}",
            "node.Band": "{name}",
            "node.Mood": "{word}",
            "node.Song": "{title}",
            "node.KGPerson": "{listenerId}",
            "relationship.INTERESTED_IN": "{polarity} · {score}",
        }
        # Later rules win: what all share comes first, and an attached person is more than a user.
        order = list(rules)
        assert order.index("node.KGEntity") == 0 and order.index("node.Listener") < order.index("node.KGPerson")
        colors = [rules[name]["color"] for name in ("node.Song", "node.Band", "node.Mood", "node.KGPerson")]
        assert len(set(colors)) == 4
        assert "relationship.LISTENED_TO" in rules

    def test_it_is_grass_where_names_are_plain(self) -> None:
        text = grass(SONGS)
        assert re.findall(r"^(\S+) \{$", text, re.MULTILINE) == list(style_rules(SONGS))
        assert '  caption: "{title}";\n  color: #' in text
        assert browser_style(SONGS).startswith(':style node.KGEntity { caption: "{key}"; color: ')
        assert "\n" not in browser_style(SONGS)
        music = SONGS.model_copy(update={"entities": {"唱片": EntitySchema(title="name")}})
        assert "\nnode.唱片 {\n" in grass(music)

    @pytest.mark.parametrize("label", ["Record label", "A.B", 'the "best"', "a;b:c"])
    def test_it_is_json_where_grass_cannot_say_a_name(self, label: str) -> None:
        schema = SONGS.model_copy(update={"entities": {label: EntitySchema(title="na me")}})
        rules = json.loads(grass(schema))
        assert rules == style_rules(schema)
        escaped = label.replace(".", "\\.")
        assert rules[f"node.{escaped}"]["caption"] == "{na me}"

    def test_a_property_that_would_end_its_caption_is_left_out(self) -> None:
        schema = SONGS.model_copy(update={"entities": {"Band": EntitySchema(title="na}me")}})
        assert style_rules(schema)["node.Band"]["caption"] == "{key}"

    def test_without_users_people_are_called_by_the_id_they_get(self) -> None:
        schema = SONGS.model_copy(update={"user": None, "interaction": None})
        assert style_rules(schema)["node.KGPerson"]["caption"] == "{id}"
        assert "relationship.LISTENED_TO" not in style_rules(schema)


FILES = {"0_parameters.cypher": "// P\n:param limit => 5;\n", "why.cypher": "// Wärum?\nRETURN 1\n"}


class TestSavedScripts:
    def test_a_zip_has_one_folder_of_scripts(self, tmp_path: Path) -> None:
        target = tmp_path / "scripts.zip"
        write_saved_scripts(FILES, target)
        with zipfile.ZipFile(target) as archive:
            assert {name: archive.read(name).decode() for name in archive.namelist()} == {
                f"kg-rec/{name}": content for name, content in FILES.items()
            }
        assert list(tmp_path.iterdir()) == [target]

    def test_a_folder_has_the_files(self, tmp_path: Path) -> None:
        write_saved_scripts(FILES, tmp_path / "scripts")
        assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "scripts").iterdir()} == FILES
        assert [path.name for path in tmp_path.iterdir()] == ["scripts"]

    def test_what_is_there_stays(self, tmp_path: Path) -> None:
        (tmp_path / "scripts.zip").write_text("mine")
        with pytest.raises(InputError, match=r"scripts\.zip: expected a new file or folder"):
            write_saved_scripts(FILES, tmp_path / "scripts.zip")
        assert (tmp_path / "scripts.zip").read_text() == "mine"

    @pytest.mark.parametrize("name", ["scripts.zip", "scripts"])
    def test_where_it_cannot_be_written_nothing_is_left(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(InputError, match="the scripts cannot be written: No such file or directory"):
            write_saved_scripts(FILES, tmp_path / "missing" / name)
        with pytest.raises(InputError, match="cannot be written"):
            write_saved_scripts({"a/b.cypher": "x"} if name == "scripts" else FILES, tmp_path / "no" / name)
        assert list(tmp_path.iterdir()) == []


class TestAnswers:
    @pytest.fixture
    def path(self) -> GraphPath:
        """ann -[INTERESTED_IN]-> Slow <-[HAS_MOOD]- A song, and a dislike of the same."""
        graph = Graph()
        ann = Node(graph, "1", 1, ["Listener"], {"key": "Listener/ann"})
        slow = Node(graph, "2", 2, ["Mood"], {"key": "Mood/slow", "word": "Slow"})
        song = Node(graph, "3", 3, ["Song"], {"key": "Song/7", "title": "A song"})
        interest = graph.relationship_type("INTERESTED_IN")(graph, "4", 4, {"polarity": -1})
        has_mood = graph.relationship_type("HAS_MOOD")(graph, "5", 5, {})
        interest._start_node, interest._end_node = ann, slow
        has_mood._start_node, has_mood._end_node = song, slow
        return GraphPath(ann, interest, has_mood)

    def test_a_path_is_a_chain_of_arrows(self, path: GraphPath) -> None:
        told = "ann ─INTERESTED_IN (dislikes)→ Slow ←HAS_MOOD─ A song"
        titles = {"Mood": "word", "Song": "title"}
        assert as_text(path, titles) == told
        assert as_text([path, path], titles) == f"{told}\n{told}"
        assert as_text(path.end_node, {}) == "7" and as_text(path.relationships[1], {}) == "HAS_MOOD"

    def test_other_values_are_told_as_people_write_them(self) -> None:
        values = [None, True, False, "x", 1234, 0.5, ["a", "b"], DateTime(2026, 11, 25, 8, 5, 59)]
        assert [as_text(value, {}) for value in values] == [
            *("", "yes", "no", "x", "1,234", "0.5", "a · b", "2026-11-25 08:05")
        ]

    def test_json_has_keys(self, path: GraphPath) -> None:
        assert as_plain({"path": path, "all": [path.start_node, 1, None], "at": DateTime(2026, 1, 2)}) == {
            "path": {
                "nodes": ["Listener/ann", "Mood/slow", "Song/7"],
                "relations": [
                    {"type": "INTERESTED_IN", "start": "Listener/ann", "end": "Mood/slow"},
                    {"type": "HAS_MOOD", "start": "Song/7", "end": "Mood/slow"},
                ],
            },
            "all": ["Listener/ann", 1, None],
            "at": "2026-01-02T00:00:00.000000000",
        }
        assert as_plain(path.relationships[0]) == {"type": "INTERESTED_IN", "start": "Listener/ann", "end": "Mood/slow"}


def test_the_style_beside_the_questions_is_that_of_the_sample_graph() -> None:
    schema, _ = infer_schema(read_folder(sample_folder()))
    assert (ROOT / "cypher/explore/style.grass").read_text(encoding="utf-8") == grass(schema)
