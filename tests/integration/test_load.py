"""Loading into a real Neo4j: what is there afterwards, twice, after a break, and when something is not in order."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from example_graphs import FILMS, MUSIC, REVIEWS, SHOP, Files, write

import kg_rec.cli
import kg_rec.graph.load as loading
from kg_rec.errors import ScriptError
from kg_rec.graph.client import GraphClient
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.load import load
from kg_rec.graph.server import ManagedServer
from kg_rec.schema import read_schema


def content(client: GraphClient) -> tuple[list[Any], list[Any]]:
    """Everything in the graph: nodes by key with labels and properties, relations with ends, type and properties."""
    with client._session("READ") as session:
        nodes = session.run(
            "MATCH (n) RETURN n.key AS key, labels(n) AS labels, properties(n) AS properties ORDER BY key"
        )
        found = [(row["key"], sorted(row["labels"]), row["properties"]) for row in nodes]
        relations = session.run(
            "MATCH (a)-[r]->(b) RETURN a.key AS a, type(r) AS type, b.key AS b, properties(r) AS properties "
            "ORDER BY a, type, b"
        )
        return found, [tuple(row.values()) for row in relations]


def test_what_the_files_say_is_in_the_graph(empty_graph: GraphClient, tmp_path: Path) -> None:
    report = load(empty_graph, read_folder(write(tmp_path, FILMS)))
    assert (report.nodes, report.relations, report.new_nodes, report.new_relations) == (16, 22, 16, 22)
    nodes, relations = content(empty_graph)
    by_key = {key: (labels, properties) for key, labels, properties in nodes}
    assert by_key["Film/2"] == (
        ["Film", "KGEntity"],
        {
            "key": "Film/2",
            "filmId": "2",
            "title": "Her, or She",
            "year": 2013,
            "imdb": "tt1798709",
            "plot": "A man, alone, falls in love with the voice of a machine.",
            "length": 126.0,
            "tmdbId": 12,
        },
    )
    assert "plot" not in by_key["Film/3"][1]  # an empty cell is no property
    assert ("User/1", "RATED", "Film/2", {"rating": 4.5, "timestamp": 964982704}) in relations
    assert len(nodes) == 16 and len(relations) == 22


def test_every_type_arrives_as_it_stood_in_the_file(empty_graph: GraphClient, tmp_path: Path) -> None:
    header = "id:ID,b:boolean,c:char,l:string[],n:int[],d:date,t:localtime,z:time,dt:datetime{timezone:Europe/Oslo},"
    header += "ldt:localdatetime,du:duration,p:point\n"
    row = "1,true,x,a;b,1;2,2024-05-31,12:30:00,12:30:00+02:00,2024-07-01T12:00:00,2024-07-01T12:00:00,P1DT2H,"
    row += '"{latitude: 59.9, longitude: 10.7}"\n'
    load(empty_graph, read_folder(write(tmp_path, {"nodes/A.csv": header + row})))
    ((_, _, found),) = content(empty_graph)[0]
    assert (found["b"], found["c"], found["l"], found["n"]) == (True, "x", ["a", "b"], [1, 2])
    as_text = {name: found[name].iso_format() for name in ("d", "t", "z", "dt", "ldt", "du")}
    assert as_text == {
        "d": "2024-05-31",
        "t": "12:30:00.000000000",
        "z": "12:30:00.000000000+02:00",
        "dt": "2024-07-01T12:00:00.000000000+02:00",
        "ldt": "2024-07-01T12:00:00.000000000",
        "du": "P1DT2H",
    }
    assert (found["p"].latitude, found["p"].longitude) == (59.9, 10.7)


def test_loading_twice_changes_nothing(empty_graph: GraphClient, tmp_path: Path) -> None:
    folder = read_folder(write(tmp_path, FILMS))
    load(empty_graph, folder)
    before = content(empty_graph)
    report = load(empty_graph, read_folder(tmp_path))
    assert (report.new_nodes, report.new_relations) == (0, 0)
    assert content(empty_graph) == before


def test_a_load_broken_off_is_finished_by_the_next(
    empty_graph: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = read_folder(write(tmp_path, FILMS))
    load(empty_graph, folder)
    whole = content(empty_graph)
    monkeypatch.setattr(loading, "BATCH", 2)
    monkeypatch.setattr(loading, "_FIRST_BATCH", 1)
    write_one = empty_graph.write
    for broken_at in (3, 12, 17):
        with empty_graph._session("WRITE") as session:
            session.run("MATCH (n) DETACH DELETE n").consume()
        steps = iter(range(100))

        def breaking(
            name: str, /, limit: int = broken_at, steps: Iterator[int] = steps, **parameters: object
        ) -> list[Any]:
            if next(steps) == limit:
                raise KeyboardInterrupt
            return write_one(name, **parameters)

        monkeypatch.setattr(empty_graph, "write", breaking)
        with pytest.raises(KeyboardInterrupt):
            load(empty_graph, folder)
        nodes, relations = content(empty_graph)
        assert 0 < len(nodes) + len(relations) < len(whole[0]) + len(whole[1])
        monkeypatch.setattr(empty_graph, "write", write_one)
        load(empty_graph, folder)
        assert content(empty_graph) == whole


def test_changed_files_bring_the_graph_up_to_date(empty_graph: GraphClient, tmp_path: Path) -> None:
    load(empty_graph, read_folder(write(tmp_path, FILMS)))
    films = str(FILMS["nodes/Film.csv"]).replace("Ran,1985", "Ran!,").replace("tt0089881", "")
    rated = str(FILMS["relations/RATED.csv"]).replace("1,3,0.5,964982705", "1,3,,1")
    load(empty_graph, read_folder(write(tmp_path, {"nodes/Film.csv": films, "relations/RATED.csv": rated})))
    nodes, relations = content(empty_graph)
    ran = next(properties for key, _, properties in nodes if key == "Film/3")
    assert ran == {"key": "Film/3", "filmId": "3", "title": "Ran!", "length": 162.0, "tmdbId": 13}
    assert ("User/1", "RATED", "Film/3", {"timestamp": 1}) in relations
    assert len(nodes) == 16 and len(relations) == 22


def test_what_others_wrote_on_a_node_stays(empty_graph: GraphClient, tmp_path: Path) -> None:
    load(empty_graph, read_folder(write(tmp_path, FILMS)))
    with empty_graph._session("WRITE") as session:
        session.run("MATCH (f:Film {filmId: '1'}) SET f:Seen, f.note = 'mine'").consume()
    load(empty_graph, read_folder(tmp_path))
    found = next(node for node in content(empty_graph)[0] if node[0] == "Film/1")
    assert found[1] == ["Film", "KGEntity", "Seen"] and found[2]["note"] == "mine"


def test_labels_and_types_are_data_whatever_they_hold(empty_graph: GraphClient, tmp_path: Path) -> None:
    odd = "A`)-[:X]->(b) //"
    write(
        tmp_path,
        {
            "nodes/n.csv": f'id:ID,:LABEL,we`ird na.me\n1,"{odd}",v\n2,C/D;E F,w\n',
            "relations/r.csv": f':START_ID,:END_ID,:TYPE\n1,2,"{odd}"\n',
        },
    )
    load(empty_graph, read_folder(tmp_path))
    nodes, relations = content(empty_graph)
    assert [(key, labels) for key, labels, _ in nodes] == [
        ("A`)-[:X]->(b) %2F%2F/1", [odd, "KGEntity"]),
        ("C%2FD/2", ["C/D", "E F", "KGEntity"]),
    ]
    assert nodes[0][2]["we`ird na.me"] == "v"
    assert relations == [("A`)-[:X]->(b) %2F%2F/1", odd, "C%2FD/2", {})]


def test_a_relation_to_a_node_that_is_not_there_is_an_error_not_a_gap(empty_graph: GraphClient, tmp_path: Path) -> None:
    load(empty_graph, read_folder(write(tmp_path, FILMS)))
    with pytest.raises(ScriptError, match="missing"):
        rows = [{"source": "Film/1", "target": "Film/99", "properties": {}}]
        empty_graph.write("load/relations", type="X", rows=rows)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    server: ManagedServer,
    empty_graph: GraphClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run `kg-rec` as the command line does, with a home of its own on the session's server."""
    monkeypatch.setenv("KG_REC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KG_REC_NEO4J_URI", empty_graph.uri)
    monkeypatch.setenv("KG_REC_NEO4J_PASSWORD", server.password())

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["kg-rec", *map(str, arguments)])
        status = 0
        try:
            kg_rec.cli.main()
        except SystemExit as end:
            status = int(end.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return command


def test_the_command_says_which_words_of_people_it_found(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("load", write(tmp_path / "shop", REVIEWS))
    assert status == 0
    user, interaction, interests = (out.index(f"  {part} ") for part in ("user", "interaction", "interests"))
    assert (
        "    texts      about, motto (because their values are sentences, the longest first)" in out[user:interaction]
    )
    assert "    texts      text (because the values of 'text' are sentences)" in out[interaction:interests]


def test_the_command_loads_infers_and_keeps_the_schema(run: Run, empty_graph: GraphClient, tmp_path: Path) -> None:
    films = write(tmp_path / "films", FILMS)
    path = tmp_path / "home" / "schema.toml"
    status, out, _ = run("load", films)
    assert status == 0
    assert f"what the graph means, written to {path}" in out
    assert "item         Film (because" in out and "rating in rating, from 0.5 to 5 (because" in out
    assert "16 nodes and 22 relations are new" in out
    schema = read_schema(path)

    path.write_text(path.read_text().replace("scale = [0.5, 5.0]", "scale = [0.0, 5.0]  # by hand"))
    edited = path.read_text()
    status, out, err = run("load", films)
    assert status == 0 and path.read_text() == edited
    assert "all of them were there already" in out and "the schema stays as it is" in err

    status, _, err = run("load", films, "--kind", "count")
    assert status == 1 and path.read_text() == edited
    assert "expected count as --kind says, found rating" in err and "--new-schema" in err

    status, _, err = run("load", write(tmp_path / "music", MUSIC))
    assert status == 1 and path.read_text() == edited
    assert "expected the label Film, found Artist, Listener, Tag" in err and "--home" in err
    assert len(content(empty_graph)[0]) == 16  # nothing was loaded

    assert run("load", films, "--new-schema")[0] == 0
    assert read_schema(path) == schema


def test_a_schema_that_fits_no_longer_stops_before_anything_is_written(
    run: Run, empty_graph: GraphClient, tmp_path: Path
) -> None:
    films = write(tmp_path / "films", FILMS)
    assert run("load", films)[0] == 0
    write(films, {"nodes/Film.csv": str(FILMS["nodes/Film.csv"]).replace("title", "name")})
    before = content(empty_graph)
    status, _, err = run("load", films)
    assert status == 1 and content(empty_graph) == before
    assert "schema.toml: expected the property 'title' of Film, found filmId, name, year" in err
    # A folder with part of the graph goes with the labels that are in Neo4j already; new ones are told.
    part = {name: text for name, text in FILMS.items() if "Decade" not in name and "DECADE" not in name}
    write(tmp_path / "part", {**part, "nodes/Studio.csv": "name:ID(Studio)\nA24\n"})
    status, out, err = run("load", tmp_path / "part")
    assert status == 0, err
    assert "says nothing of the label Studio" in err and "1 node and 0 relations are new" in out


def test_a_folder_may_leave_out_a_label_that_keys_write_otherwise(run: Run, tmp_path: Path) -> None:
    odd: Files = {
        "nodes/odd.csv": "name:ID(Odd),:LABEL\nA24,Studio/100%\n",
        "relations/BY.csv": ":START_ID(Film),:END_ID(Odd)\n1,A24\n",
    }
    assert run("load", write(tmp_path / "whole", {**FILMS, **odd}))[0] == 0
    assert "Studio/100%" in read_schema(tmp_path / "home" / "schema.toml").entities
    status, out, err = run("load", write(tmp_path / "part", FILMS))
    assert status == 0 and "all of them were there already" in out, err


def test_the_command_stops_before_writing_when_the_meaning_is_open(
    run: Run, empty_graph: GraphClient, tmp_path: Path
) -> None:
    files: Files = {**SHOP, "relations/BOUGHT.csv": ":START_ID(Customer),:END_ID(Product),n:int\nc1,p1,1\nc1,p2,3\n"}
    shop = write(tmp_path / "shop", files)
    status, _, err = run("load", shop)
    assert status == 1 and "--interaction=BOUGHT or --interaction=REVIEWED" in err
    assert content(empty_graph) == ([], []) and not (tmp_path / "home" / "schema.toml").exists()
    status, out, _ = run("load", shop, "--interaction", "REVIEWED")
    assert status == 0 and "interaction  REVIEWED (because --interaction says so)" in out


def test_bad_lines_stop_the_command_or_are_skipped_and_listed(
    run: Run, empty_graph: GraphClient, tmp_path: Path
) -> None:
    bad = str(FILMS["relations/RATED.csv"]).replace("964982704", "84743496 https://x")
    films = write(tmp_path / "films", {**FILMS, "relations/RATED.csv": bad + "1,1,5.0,1\n"})
    status, _, err = run("load", films)
    assert status == 1
    assert (
        "kg-rec: relations/RATED.csv:3:4: expected an integer for 'timestamp:long', found '84743496 https://x'.\n"
        "Nothing was loaded. Mend the line, or skip bad lines and list them in a report with --bad-rows=report.csv\n"
    ) in err
    assert content(empty_graph) == ([], [])
    report = tmp_path / "report.csv"
    status, _, err = run("load", films, "--bad-rows", report)
    assert status == 0, err
    assert "1 bad line skipped" in err and "1 relation RATED was given again" in err
    assert report.read_text().splitlines()[1].startswith("relations/RATED.csv,3,4,an integer for 'timestamp:long'")
    assert len(content(empty_graph)[1]) == 21


def test_the_command_takes_the_arguments_of_neo4j_admin(run: Run, empty_graph: GraphClient, tmp_path: Path) -> None:
    write(tmp_path, {name.split("/")[1]: str(text).replace(",", ";") for name, text in MUSIC.items()})
    named = []
    for name in MUSIC:
        option = "--nodes" if name.startswith("nodes") else "--relationships"
        file = name.split("/")[1]
        named += [option, f"{file.removesuffix('.csv')}={file}"]
    status, _, err = run("load", tmp_path, *named, "--delimiter", ";")
    assert status == 0, err
    before = content(empty_graph)
    assert len(before[0]) == 10
    (tmp_path / "args.txt").write_text(" ".join(named) + " --delimiter=';'\n")
    status, out, err = run("load", f"@{tmp_path / 'args.txt'}")
    assert status == 1 and "expected a folder or a file of arguments, found nothing" in err  # @ belongs to the name
    status, out, err = run("load", tmp_path / "@args.txt")
    assert status == 0 and "all of them were there already" in out, err
    assert content(empty_graph) == before
    assert run("load")[0] == 1


def test_the_command_exports_what_was_loaded(run: Run, tmp_path: Path) -> None:
    status, _, err = run("export")
    assert status == 1 and "is empty" in err and "kg-rec load" in err
    assert run("load", write(tmp_path / "films", FILMS))[0] == 0
    status, out, _ = run("export", "--output", tmp_path / "out" / "graph")
    assert status == 0
    assert "Film RATED" not in out and "User RATED Film" in out and "rating, timestamp" in out
    names = json.loads((tmp_path / "out" / "graph.json").read_text())
    assert names["nodes"]["Genre"]["key"] == ["Genre/Crime", "Genre/Drama", "Genre/Science Fiction"]
    assert names["fingerprint"] in out
