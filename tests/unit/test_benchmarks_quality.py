"""benchmarks/quality: the driver, its exchange and its judge, with the peers that need no environment of their own."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks/quality"

PEOPLE = [
    {"user_id": "p1", "text": "I want a western like The Quiet Meadow", "mentioned": ["2"], "relevant": ["1", "3"]},
    {"user_id": "p2", "text": "no comedy please, I love a western", "mentioned": [], "relevant": ["3"]},
    {"user_id": "p3", "text": "good evening", "mentioned": [], "relevant": ["0", "77"]},
]


@pytest.fixture
def modules() -> Iterator[Callable[[str], Any]]:
    """Imports modules of benchmarks/quality as its scripts do, and forgets them afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    yield lambda name: __import__(name, fromlist=["*"])
    sys.path.remove(str(FOLDER))
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(FOLDER)):
            del sys.modules[name]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six films, two genres, six readers who like the even or the odd ones; who asks is in people.jsonl."""
    titles = ("The Golden Harbour", "The Broken Lantern", "The Quiet Meadow", "The Hidden Quarry", "Velvet", "Thimble")
    files = {
        "nodes/Film.csv": ["filmId:ID(Film),title,plot", *(f"{at},{title},It is about a {title.split()[-1].lower()} that "
                           "is found in the end." for at, title in enumerate(titles))],
        "nodes/Genre.csv": ["name:ID(Genre)", "Comedy", "Western"],
        "nodes/User.csv": ["userId:ID(User)", *map(str, range(6))],
        "relations/HAS_GENRE.csv": [":START_ID(Film),:END_ID(Genre)", *(f"{at},{('Comedy', 'Western')[at % 2]}"
                                    for at in range(6))],
        "relations/RATED.csv": [":START_ID(User),:END_ID(Film),rating:float,timestamp:long",
                                *(f"{user},{film},{5.0 if (user + film) % 2 else 1.0},{1000000000 + user}"
                                  for user in range(6) for film in range(6) if film != 5 or user < 2)],
    }  # fmt: skip
    folder = tmp_path / "films"
    for name, lines in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "people.jsonl").write_text("".join(json.dumps(one) + "\n" for one in PEOPLE), encoding="utf-8")
    return folder


def arguments(data: Path, output: Path, *more: str) -> list[str]:
    return [str(data), "--output", str(output), "--encoder", "hash", "--work", str(output / "work"), *more]


def lists_of(path: Path) -> dict[str, list[str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line["user_id"]: line["items"] for line in map(json.loads, lines)}


def test_the_driver_runs_peers_in_processes_of_their_own_and_judges_them(
    modules: Callable[[str], Any], data: Path, tmp_path: Path
) -> None:
    ours, output = tmp_path / "ours.jsonl", tmp_path / "out"
    ours.write_text("".join(json.dumps({"user_id": one["user_id"], "items": one["relevant"]}) + "\n" for one in PEOPLE))
    run = modules("run").main
    assert run(arguments(data, output, "--only", "popularity", "text-popular", "--ours", str(ours))) == 0
    results = json.loads((output / "results.json").read_text())
    assert [row["name"] for row in results["rows"]] == ["popularity", "text-popular", "kg-rec"]
    assert not results["failed"]
    popularity, _, best = results["rows"]
    assert popularity["tried"] == 2
    # What the graph does not have is missed, what is left can all be right.
    assert best["metrics"]["recall@50"]["mean"] == pytest.approx((1 + 1 + 0.5) / 3, abs=1e-5)
    lists = lists_of(output / "lists/popularity.jsonl")
    assert set(lists) == {"p1", "p2", "p3"}
    assert "2" not in lists["p1"], "an item that the words name is never recommended"
    assert sorted(lists["p3"]) == ["0", "1", "2", "3", "4", "5"]
    assert lists["p3"][-1] == "5", "the film that fewest interacted with comes last"
    table = (output / "table.md").read_text()
    assert table.startswith("| ranked by | recall@10 | recall@50 | nDCG@10 | MRR | kg-rec − it, recall@50 |")
    assert "| popularity: log count |" in table and "**kg-rec**" in table


def test_a_referee_has_the_last_word(
    modules: Callable[[str], Any], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, output = modules("run").main, tmp_path / "out"
    referee = tmp_path / "referee.py"
    referee.write_text(
        "import json, sys\n"
        "assert sys.argv[3] == '--json' and open(sys.argv[1]).read() and open(sys.argv[2]).read()\n"
        "names = 'recall@10', 'recall@50', 'ndcg@10', 'mrr'\n"
        "print(json.dumps({name + end: value for name in names for end, value in (('', .25), ('_ci95', [.2, .3]))}))\n"
    )
    assert run(arguments(data, output, "--only", "popularity", "--referee", str(referee))) == 0
    (row,) = json.loads((output / "results.json").read_text())["rows"]
    assert row["metrics"]["mrr"] == {"mean": 0.25, "low": 0.2, "high": 0.3}
    referee.write_text("print('what?')\n")
    assert run(arguments(data, output, "--only", "popularity", "--referee", str(referee))) == 2
    said = capsys.readouterr().err
    assert f"{referee}: expected JSON" in said and "what?" in said


def test_without_people_it_says_what_is_missing(
    modules: Callable[[str], Any], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "people.jsonl").unlink()
    assert modules("run").main(arguments(data, tmp_path / "out", "--only", "popularity")) == 2
    said = capsys.readouterr().err
    assert "expected one file of people (.jsonl), found 0" in said and "--people FILE" in said


def test_lists_of_ours_that_are_none_are_refused(
    modules: Callable[[str], Any], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, ours = modules("run").main, tmp_path / "ours.jsonl"
    given = arguments(data, tmp_path / "out", "--only", "popularity", "--ours", str(ours))
    assert run(given) == 2
    assert f"{ours}: expected lists of kg-rec" in capsys.readouterr().err
    ours.write_text('{"user_id": "p1", "items": ["1"]}\n["1"]\n')
    assert run(given) == 2
    assert f"{ours}:2: expected an object with 'user_id' and 'items'" in capsys.readouterr().err


def test_the_settings_that_the_judge_likes_best_are_shown(
    modules: Callable[[str], Any], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, output, scripts = modules("run"), tmp_path / "out", tmp_path / "scripts"
    lists = {"000.jsonl": ["0", "1"], "001.jsonl": ["3"], "002.jsonl": ["0"]}
    files = {name: json.dumps({"user_id": "p2", "items": items}) + "\n" for name, items in lists.items()}
    seconds = {"fit": 0.0, "rank": 0.0}
    tried = [{"settings": {"at": at}, "file": name, "seconds": seconds} for at, name in enumerate(lists)]
    scripts.mkdir()
    (scripts / "one_peer.py").write_text(
        "import pathlib, sys\nfolder = pathlib.Path(sys.argv[3])\nfolder.mkdir(parents=True)\n"
        f"for name, text in { ({**files, 'tried.json': json.dumps(tried)})!r}.items():\n"
        "    (folder / name).write_text(text)\n"
    )
    monkeypatch.setattr(run, "_HERE", scripts)
    assert run.main(arguments(data, output, "--only", "popularity")) == 0
    (row,) = json.loads((output / "results.json").read_text())["rows"]
    assert row["settings"] == {"at": 1} and row["tried"] == 3
    assert row["metrics"]["recall@50"]["mean"] == pytest.approx(1 / 3, abs=1e-5)
    assert lists_of(output / "lists/popularity.jsonl") == {"p2": ["3"]}


def test_an_item_that_the_graph_does_not_have_is_a_miss(
    modules: Callable[[str], Any], data: Path, tmp_path: Path
) -> None:
    ours, output = tmp_path / "ours.jsonl", tmp_path / "out"
    ours.write_text(json.dumps({"user_id": "p2", "items": ["u0", "u1", "u2", "u3", "0"]}) + "\n")
    assert modules("run").main(arguments(data, output, "--only", "popularity", "--ours", str(ours))) == 0
    row = json.loads((output / "results.json").read_text())["rows"][-1]
    assert row["metrics"]["recall@50"]["mean"] == 0


def test_a_peer_that_fails_is_told_and_the_others_go_on(
    modules: Callable[[str], Any], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, output = modules("run"), tmp_path / "out"
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    broken = "import sys\nname = sys.argv[1]\nif name == 'text':\n    raise ValueError('no luck')\n"
    (scripts / "one_peer.py").write_text(
        f"{broken}sys.path.insert(0, {str(FOLDER)!r})\nimport runpy\nrunpy.run_path({str(FOLDER / 'one_peer.py')!r}, "
        "run_name='__main__')\n"
    )
    monkeypatch.setattr(run, "_HERE", scripts)
    assert run.main(arguments(data, output, "--only", "text", "popularity")) == 1
    results = json.loads((output / "results.json").read_text())
    assert results["failed"] == {"text": "ValueError: no luck"}
    assert [row["name"] for row in results["rows"]] == ["popularity"]
    assert "text did not run: ValueError: no luck" in (output / "table.md").read_text()


def test_the_exchange_gives_back_what_was_written(modules: Callable[[str], Any], data: Path, tmp_path: Path) -> None:
    exchange, preparation = modules("exchange"), modules("preparation")
    folder = tmp_path / "exchange"
    settings: dict[str, Any] = {"schema": None, "encoder": "hash", "vectors": tmp_path / "vectors"}
    strangers = preparation.prepare(data, data / "people.jsonl", folder, **settings)
    assert [sorted(one.relevant) for one in strangers] == [[1, 3], [3], [-2, 0]]
    graph, people = exchange.read_graph(folder), exchange.read_people(folder)
    simulated = exchange.read_simulated(folder)
    assert graph.items == ["0", "1", "2", "3", "4", "5"]
    assert graph.labels == ["Film"] * 6 + ["Genre"] * 2
    assert list(graph.relations) == ["(:Film)-[:HAS_GENRE]->(:Genre)"]
    assert graph.relations["(:Film)-[:HAS_GENRE]->(:Genre)"].tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 6, 7, 6, 7]]
    assert graph.interactions.sum(axis=0).tolist() == [6, 6, 6, 6, 6, 2]
    assert graph.likes.sum(axis=0).tolist() == [3, 3, 3, 3, 3, 1]
    assert "Western" in graph.documents[1] and "lantern that is found" in graph.documents[1]
    assert graph.direct.toarray()[1].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    first, second, _ = people.people
    assert {(one.row, one.weight) for one in first.interests} == {(2, 1.0), (7, 1.0)}
    assert {(one.row, one.weight) for one in second.interests} == {(6, -1.0), (7, 1.0)}
    assert "comedy" not in second.wish, "the clause with a dislike is left out"
    assert people.liked(8).toarray().tolist() == [[0, 0, 1, 0, 0, 0, 0, 1], [0] * 7 + [1], [0] * 8]
    assert people.vectors.shape == (3, graph.vectors.shape[1])
    assert len(simulated.people) == len(simulated.targets) == len(simulated.users)
    # The same again is not made again; other people are.
    made = (folder / "graph.npz").stat().st_mtime_ns
    preparation.prepare(data, data / "people.jsonl", folder, **settings)
    assert (folder / "graph.npz").stat().st_mtime_ns == made
    (data / "people.jsonl").write_text(json.dumps(PEOPLE[0]) + "\n")
    assert len(preparation.prepare(data, data / "people.jsonl", folder, **settings)) == 1
    assert len(exchange.read_people(folder)) == 1


def test_no_file_of_the_exchange_can_hold_code(modules: Callable[[str], Any], data: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"schema": None, "encoder": "hash", "vectors": tmp_path / "vectors"}
    modules("preparation").prepare(data, data / "people.jsonl", tmp_path / "exchange", **settings)
    for path in (tmp_path / "exchange").iterdir():
        assert path.suffix in {".json", ".jsonl", ".npz", ".npy", ".txt"}
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype != object for name in arrays.files)


def test_ease_is_that_of_the_formula(modules: Callable[[str], Any]) -> None:
    peer, ease = modules("peers.peer"), modules("peers.ease")
    graph, people = _small(modules)
    found = ease.Ease()
    found.fit(graph, None, regularisation=3.0, of="interactions")
    X = graph.interactions.toarray()
    P = np.linalg.inv(X.T @ X + 3.0 * np.eye(X.shape[1]))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0.0)
    named = people.named_items(5).toarray()
    wanted = named @ B
    scores = found.scores(people)
    # What was named itself is never recommended; its own column differs by the identity, which is left out of B.
    others = named == 0
    assert np.allclose(scores[others], wanted[others], atol=1e-5)
    assert not scores[1].any(), "who names nothing has no scores"
    lists = found.recommend(people, 3)
    assert (
        lists[1]
        == peer.best(graph.log_counts[None].copy(), type(people)(people.people[1:], people.vectors), graph, 3)[0]
    )


def test_pagerank_is_that_of_the_linear_equation(modules: Callable[[str], Any]) -> None:
    pagerank, adjacency = modules("peers.pagerank"), modules("peers.adjacency")
    graph, people = _small(modules)
    found = pagerank.PageRank()
    found.fit(graph, None)
    walk = adjacency.rows_of_sum_one(adjacency.adjacency(graph)).toarray()
    start = np.zeros(len(walk))
    start[[0, 5]] = 0.5
    wanted = np.linalg.solve(np.eye(len(walk)) - 0.3 * walk.T, 0.7 * start)
    assert np.allclose(found.scores(people, damping=0.3)[0], wanted[:5], atol=1e-5)


@pytest.mark.parametrize("encoder", ["towers", "rgcn", "hgt"])
def test_networks_learn_from_simulated_people(
    modules: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, encoder: str
) -> None:
    networks, exchange = modules("peers.graph_networks"), modules("exchange")
    monkeypatch.setattr(networks, "_STEPS", 30)
    graph, people = _small(modules)
    shown = exchange.People([people.people[0]] * 40, np.tile(people.vectors[:1], (40, 1)))
    simulated = exchange.Simulated(shown, np.arange(40) % 4, [[3]] * 40)
    found = networks.Network(encoder)
    found.fit(graph, simulated, start="text")
    scores = found.scores(people)
    assert scores.shape == (2, 5)
    assert scores[0].argmax() == 3, "what all such people wanted"
    assert [len(items) for items in found.recommend(people, 5)] == [4, 5]


def test_a_network_sees_no_liking_of_the_people_it_learns_from(modules: Callable[[str], Any]) -> None:
    graph, people = _small(modules)
    nodes = modules("peers.graph_networks")._Nodes(graph)
    everybody = nodes.with_people(people, [0], np.ones(4, dtype=bool)).edges
    without = nodes.with_people(people, [0], np.array([True, False, True, True])).edges
    (liked,) = [triple for triple in without if triple[1] == "LIKED"]
    assert sorted(set(everybody[liked][0].tolist())) == [0, 1, 2, 3]
    assert sorted(set(without[liked][0].tolist())) == [0, 2, 3]
    (back,) = [triple for triple in without if triple[1] == "LIKED inverse"]
    assert without[back].flip(0).tolist() == without[liked].tolist()
    interests = {triple[0]: ends.tolist() for triple, ends in without.items() if triple[1] == "INTERESTS"}
    assert interests == {"Film": [[0], [0]], "Genre": [[0], [0]]}


def test_settings_are_chosen_by_what_the_judge_says(modules: Callable[[str], Any]) -> None:
    peer = modules("peers.peer")
    assert peer.grid(a=[1, 2], b=["x", "y"]) == [
        {"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}]  # fmt: skip
    scores = np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]], dtype=np.float32)
    standard = peer.standardised(scores)
    assert np.allclose(standard[0], [-1.2247, 0, 1.2247], atol=1e-4) and not standard[1].any()


def test_every_peer_says_where_it_runs(modules: Callable[[str], Any]) -> None:
    peers, environments = modules("peers"), modules("environments")
    for name, entry in peers.PEERS.items():
        assert (FOLDER / f"peers/{entry.module}.py").exists(), name
        assert entry.group == peers.HERE or (environments.REQUIREMENTS / f"{entry.group}.txt").exists(), name
    for path in environments.REQUIREMENTS.glob("*.txt"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        assert lines and all("==" in line for line in lines), f"{path}: every version is pinned"


def test_the_driver_can_be_asked_for_help(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "argv", ["run.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(FOLDER / "run.py"), run_name="__main__")
    assert ended.value.code == 0
    assert "--referee" in capsys.readouterr().out


def _small(modules: Callable[[str], Any]) -> tuple[Any, Any]:
    """Five items, two other entities, four users, and two people: one names item 0 and entity 5, the other nothing."""
    import scipy.sparse as sp

    exchange = modules("exchange")
    X = sp.csr_array(np.array([[1, 1, 0, 0, 1], [1, 0, 1, 0, 1], [0, 1, 1, 1, 0], [1, 1, 0, 0, 0]], dtype=np.float32))
    relations = {"(:Film)-[:HAS]->(:Genre)": np.array([[0, 1, 2, 3], [5, 5, 6, 6]])}
    vectors = np.eye(7, 8, dtype=np.float32)
    labels = ["Film"] * 5 + ["Genre"] * 2
    graph = exchange.Graph(list("abcde"), labels, labels, labels[:5], relations, X, X, vectors, vectors[:5, 0])
    named = tuple(exchange.Interest(row, 1.0, "named") for row in (0, 5))
    people = [exchange.Person("p", "a", named), exchange.Person("q", "", ())]
    return graph, exchange.People(people, np.zeros((2, 8), dtype=np.float32))
