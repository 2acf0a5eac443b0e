"""Reading a graph in CSV files: what the format says, value by value."""

import gzip
from pathlib import Path

import neo4j.spatial
import neo4j.time
import pytest
from example_graphs import FILMS, write

from kg_rec.errors import LoadError
from kg_rec.graph.csv_folder import GraphFolder, read_folder
from kg_rec.graph.import_arguments import find_sources, from_arguments
from kg_rec.graph.keys import id_of, key_of, label_of
from kg_rec.graph.load import read_sources


def values(folder: GraphFolder, name: str) -> list[object]:
    (found,) = [table.properties[name].values for table in folder.nodes if name in table.properties]
    return found


def test_a_folder_is_read_with_its_labels_types_keys_and_properties(tmp_path: Path) -> None:
    folder = read_folder(write(tmp_path, FILMS))
    assert folder.label_counts() == {"Decade": 3, "Film": 4, "Genre": 3, "Person": 3, "User": 3}
    assert folder.type_counts()["RATED"] == 7
    films = next(table for table in folder.nodes if table.file == "nodes/Film.csv")
    assert films.keys == ["Film/1", "Film/2", "Film/3", "Film/4"]
    assert films.properties["filmId"].values == ["1", "2", "3", "4"]  # the id is a property too, and text
    assert films.properties["title"].values[1] == "Her, or She"
    assert films.properties["year"].values == [2016, 2013, 1985, 1995]
    assert films.properties["plot"].values[2] is None
    rated = next(table for table in folder.relations if table.types[0] == "RATED")
    assert (rated.sources[0], rated.targets[0]) == ("User/1", "Film/1")
    assert rated.properties["timestamp"].values[0] == 964982703
    assert folder.skipped == [] and folder.repeated == {}


@pytest.mark.parametrize(
    ("type_name", "cell", "value"),
    [
        ("int", " 12 ", 12),
        ("long", "-9223372036854775808", -(2**63)),
        ("byte", "127", 127),
        ("short", "-32768", -32768),
        ("float", "1e3", 1000.0),
        ("double", ".5", 0.5),
        ("boolean", "TRUE", True),
        ("boolean", "false", False),
        ("char", "x", "x"),
        ("string", " kept ", " kept "),
        ("string[]", "a;b c;", ["a", "b c", ""]),
        ("int[]", "1;-2", [1, -2]),
        ("date", "2024-02-29", neo4j.time.Date(2024, 2, 29)),
        ("localdatetime", "2024-05-31T12:30:00", neo4j.time.DateTime(2024, 5, 31, 12, 30)),
        ("localtime", "12:30:01.5", neo4j.time.Time(12, 30, 1, 500_000_000)),
        ("duration", "P1Y2M10DT2H30M", neo4j.time.Duration(years=1, months=2, days=10, hours=2, minutes=30)),
        ("int", "", None),
        ("string[]", "", None),
    ],
)
def test_a_typed_cell_has_its_value(tmp_path: Path, type_name: str, cell: str, value: object) -> None:
    write(tmp_path, {"nodes/A.csv": f'id:ID,it:{type_name}\n1,"{cell}"\n'})
    (found,) = values(read_folder(tmp_path), "it")
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("type_name", "cell", "expected"),
    [
        ("datetime", "2024-07-01T12:00:00[Asia/Tokyo]", "2024-07-01T12:00:00.000000000+09:00"),
        ("datetime", "2024-07-01T12:00:00+09:00[Asia/Tokyo]", "2024-07-01T12:00:00.000000000+09:00"),
        ("datetime", "2024-07-01T12:00:00.123456789-05:00", "2024-07-01T12:00:00.123456789-05:00"),
        ("datetime", "2024-07-01T12:00:00", "2024-07-01T12:00:00.000000000+00:00"),
        ("datetime{timezone:-0130}", "2024-07-01T12:00:00", "2024-07-01T12:00:00.000000000-01:30"),
        ("datetime{timezone:Europe/Oslo}", "2024-01-01T12:00:00", "2024-01-01T12:00:00.000000000+01:00"),
        ("time", "12:00:00Z", "12:00:00.000000000+00:00"),
        ("time{timezone:+02:00}", "12:00:00", "12:00:00.000000000+02:00"),
    ],
)
def test_times_have_the_zone_they_name_or_that_of_their_column(
    tmp_path: Path, type_name: str, cell: str, expected: str
) -> None:
    write(tmp_path, {"nodes/A.csv": f'id:ID,it:{type_name}\n1,"{cell}"\n'})
    (found,) = values(read_folder(tmp_path), "it")
    assert isinstance(found, neo4j.time.DateTime | neo4j.time.Time) and found.iso_format() == expected


def test_points_and_zoned_times_take_the_options_of_their_column(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "nodes/A.csv": (
                "id:ID,at:datetime{timezone:Europe/Oslo},of:datetime,t:time,here:point{crs:WGS-84},there:point\n"
                '1,2024-07-01T12:00:00,2024-07-01T12:00:00Z,10:00:00+01:00,"{latitude: 59.9, longitude: 10.7}",'
                '"{x: 1, y: 2, z: 3}"\n'
            )
        },
    )
    folder = read_folder(tmp_path)
    (at,), (of,), (t,) = values(folder, "at"), values(folder, "of"), values(folder, "t")
    assert isinstance(at, neo4j.time.DateTime) and isinstance(of, neo4j.time.DateTime)
    assert at.to_native().utcoffset().total_seconds() == 7200
    assert of.to_native().utcoffset().total_seconds() == 0
    assert isinstance(t, neo4j.time.Time) and t.hour == 10
    assert values(folder, "here") == [neo4j.spatial.WGS84Point((10.7, 59.9))]
    assert values(folder, "there") == [neo4j.spatial.CartesianPoint((1.0, 2.0, 3.0))]


@pytest.mark.parametrize(
    ("type_name", "cell"),
    [
        ("int", "1_000"),
        ("int", "１２"),
        ("int", "1.0"),
        ("byte", "128"),
        ("int", "2147483648"),
        ("float", "nan"),
        ("float", "inf"),
        ("float", "1,5"),
        ("boolean", "yes"),
        ("char", "xy"),
        ("date", "2023-02-29"),
        ("datetime", "yesterday"),
        ("localdatetime", "2024-05-31T12:30:00+02:00"),
        ("duration", "1 year"),
        ("point", "{x: 1}"),
        ("point", "1 2"),
        ("int[]", "1;x"),
    ],
)
def test_a_cell_of_another_type_is_told_by_file_line_and_column(tmp_path: Path, type_name: str, cell: str) -> None:
    write(tmp_path, {"nodes/A.csv": f'id:ID,it:{type_name}\n1,"{cell}"\n'})
    with pytest.raises(LoadError) as caught:
        read_folder(tmp_path)
    assert caught.value.message.startswith("nodes/A.csv:2:2: expected ")
    assert f"for 'it:{type_name}', found '{cell}'." in caught.value.message
    assert "Nothing was loaded" in caught.value.remedy and "--bad-rows" in caught.value.remedy


def test_labels_and_types_in_columns_replace_those_of_the_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "nodes/things.csv": ":ID,:LABEL,name,:IGNORE\n1,Cat;Animal,Tom,x\n2,Mouse,Jerry,y\n3,,Rock,z\n",
            "relationships/x.csv": ":START_ID,:TYPE,:END_ID\n1,CHASES,2\n2,,1\n",
        },
    )
    folder = read_folder(tmp_path)
    (things,) = folder.nodes
    assert things.labels == [("Cat", "Animal"), ("Mouse",), ("things",)]
    assert things.keys == ["Cat/1", "Mouse/2", "things/3"]
    assert things.id_property == "id"  # an id column without a name
    assert set(things.properties) == {"id", "name"}
    (relations,) = folder.relations
    assert relations.types == ["CHASES", "x"] and relations.sources == ["Cat/1", "Mouse/2"]


def test_an_id_without_a_name_makes_room_for_a_property_called_id(tmp_path: Path) -> None:
    write(tmp_path, {"nodes/A.csv": ":ID(A),id\n1,x\n"})
    (table,) = read_folder(tmp_path).nodes
    assert table.id_property == "nodeId" and table.properties["id"].values == ["x"]


def test_whole_number_ids_are_stored_as_numbers_and_found_however_they_are_written(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"nodes/A.csv": "id:ID(A){id-type:long}\n007\n8\n", "relations/R.csv": ":START_ID(A),:END_ID(A)\n7,+8\n"},
    )
    folder = read_folder(tmp_path)
    assert folder.nodes[0].properties["id"].values == [7, 8]
    assert folder.relations[0].sources == ["A/7"] and folder.relations[0].targets == ["A/8"]


def test_keys_hold_any_label_and_any_id(tmp_path: Path) -> None:
    for label, identity in (("A", "1"), ("A/B", "x/y"), ("50%", "%2F"), ("a b", ""), ("%2F/", "é 中")):
        key = key_of(label, identity)
        assert (label_of(key), id_of(key)) == (label, identity)
    assert key_of("A", "B/1") != key_of("A/B", "1")
    write(tmp_path, {"nodes/A.csv": "id:ID,:LABEL\nx/y,a/b%\n"})
    assert read_folder(tmp_path).nodes[0].keys == ["a%2Fb%25/x/y"]


def test_compressed_files_marks_windows_line_ends_and_blank_lines_make_no_difference(tmp_path: Path) -> None:
    text = 'id:ID(A),name\n1,"one\nline two"\n\n2,"say ""hi"""\n'
    plain = read_folder(write(tmp_path / "plain", {"nodes/A.csv": text}))
    for name, content in {
        "gz": {"nodes/A.csv.gz": gzip.compress(text.encode())},
        "mark": {"nodes/A.csv": b"\xef\xbb\xbf" + text.encode()},
        "crlf": {"nodes/A.csv": text.replace("\n", "\r\n").replace("one\r\n", "one\n")},
    }.items():
        other = read_folder(write(tmp_path / name, content))
        assert [(table.keys, table.properties) for table in other.nodes] == [
            (table.keys, table.properties) for table in plain.nodes
        ]
    assert values(plain, "name") == ["one\nline two", 'say "hi"']


def test_lines_are_counted_as_in_the_file_after_quoted_line_ends(tmp_path: Path) -> None:
    write(tmp_path, {"nodes/A.csv": 'id:ID,text,n:int\n1,"a\nb\r\nc",1\n\n2,x\u2028\x0cy,zwei\n'})
    with pytest.raises(LoadError, match=r"nodes/A\.csv:6:3: expected an integer"):
        read_folder(tmp_path)


def test_very_long_fields_are_read(tmp_path: Path) -> None:
    write(tmp_path, {"nodes/A.csv": f"id:ID,text\n1,{'x' * 300_000}\n"})
    (text,) = values(read_folder(tmp_path), "text")
    assert len(str(text)) == 300_000


def test_the_last_of_repeated_relations_counts(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "nodes/A.csv": "id:ID\n1\n2\n",
            "relations/R.csv": ":START_ID,:END_ID,n:int\n1,2,1\n2,1,5\n1,2,2\n1,2,\n",
            "relations/S.csv": ":START_ID,:END_ID,n:int\n1,2,1\n",
        },
    )
    folder = read_folder(tmp_path)
    assert folder.repeated == {"R": 2}
    assert [(table.types, table.sources, table.properties["n"].values) for table in folder.relations] == [
        (["R", "R"], ["A/2", "A/1"], [5, None]),
        (["S"], ["A/1"], [1]),
    ]


def test_a_header_file_beside_its_parts_is_read_as_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "nodes/A-header.csv": "id:ID(A),n:int\n",
            "nodes/A-part10.csv": "4,4\n",
            "nodes/A-part2.csv": "3,3\n",
            "nodes/A.csv": "1,1\n2,2\n",
            "nodes/B.csv": "id:ID(B)\n1\n",
        },
    )
    folder = read_folder(tmp_path)
    assert folder.label_counts() == {"A": 4, "B": 1}
    assert folder.nodes[0].properties["n"].values == [1, 2, 3, 4] or folder.nodes[0].properties["n"].values == [
        3,
        4,
        1,
        2,
    ]


def test_each_part_belongs_to_the_header_file_with_the_longest_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "nodes/A-header.csv": "id:ID(A)\n",
            "nodes/A.csv": "1\n2\n",
            "nodes/A_B-header.csv": "id:ID(B),name\n",
            "nodes/A_B-1.csv": "1,x\n",
            "nodes/A_B_2.csv": "2,y\n",
            "nodes/Page_header.csv": "id:ID(P)\n1\n",  # no part beside it: a table of that name
        },
    )
    folder = read_folder(tmp_path)
    assert folder.label_counts() == {"A": 2, "A_B": 2, "Page_header": 1}
    write(tmp_path, {"nodes/A_header.csv": "id:ID(A)\n"})
    with pytest.raises(LoadError, match=r"one header file for A, found A-header\.csv and A_header\.csv"):
        read_folder(tmp_path)


def test_the_argument_file_of_neo4j_admin_is_followed(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "films-header.csv": "id:ID(F)|title|tags:string[]\n",
            "films-1.csv": "1|'a|b'|x,y\n",
            "films-2.csv.gz": gzip.compress(b"2|c|\n"),
            "people.csv": "id:ID(P)|name|extra\n7|Ann|x|too|many\n",
            "likes.csv": ":START_ID(P)|:END_ID(F)|:TYPE\n7|1|LOVES\n7|2|\n",
            "import.args": (
                "# all of it\n--nodes=Film:Item=films-header.csv,films-\\d.csv.*\n"
                '--nodes people.csv --nodes=Human="people.csv"\n'
            ),
            "good.args": (
                "database import full films --overwrite-destination=true --verbose\n# all of it\n"
                '--nodes=Film:Item="films-header.csv,films-[0-9].csv.*"\n--nodes=Human=people.csv\n'
                "--relationships=LIKES=likes.csv --delimiter='|' --array-delimiter , --quote=\"'\" "
                "--ignore-extra-columns\n"
            ),
        },
    )
    folder = read_folder(tmp_path / "good.args")
    assert folder.label_counts() == {"Film": 2, "Human": 1}
    assert folder.nodes[0].labels[0] == ("Film", "Item")
    assert folder.nodes[0].properties["title"].values == ["a|b", "c"]
    assert folder.nodes[0].properties["tags"].values == [["x", "y"], None]
    assert folder.relations[0].types == ["LOVES", "LIKES"]


def test_arguments_say_how_files_are_written(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.csv": "id:ID\tname\n1\t caf\xe9 \n".encode("latin-1"),
            "b.csv": "id:ID\tname\n2\tx\n".encode("latin-1"),
        },
    )
    arguments = ["--nodes=A=a.csv,b.csv", "--delimiter=TAB", "--input-encoding", "latin1", "--trim-strings"]
    folder = read_sources(from_arguments(arguments, tmp_path))
    assert folder.nodes[0].properties["name"].values == ["café", "x"]  # the repeated header is no node
    arguments = ["--nodes=A=a.csv", "--delimiter=U+0009", "--input-encoding=latin1", "--id-type=integer"]
    assert read_sources(from_arguments(arguments, tmp_path)).nodes[0].properties["id"].values == [1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--nodes"], "a value behind it"),
        (["--nodes=A=a.csv", "--unknown=1"], "an option of neo4j-admin"),
        (["--nodes=A=a.csv", "--delimiter=ab"], "one character"),
        (["--nodes=A=a.csv", "--delimiter=U+FFFFFF"], "one character"),
        (["--nodes=A=a.csv", "--delimiter=U+D800"], "one character"),
        (["--nodes=A=a.csv", "--quote=U+000A"], "one character"),
        (["--nodes=A=a.csv", "--input-encoding=klingon"], "the name of an encoding"),
        (["--nodes=A=a.csv", "--input-encoding=base64"], "the name of an encoding"),
        (["--nodes=A=a.csv", "--input-encoding=hex"], "the name of an encoding"),
        (["--nodes=A=a.csv", "--input-encoding=undefined"], "the name of an encoding"),
        (["--nodes=A=a.csv", "--id-type=actual"], "string or integer"),
        (["--nodes=A=a.csv", "--relationships=A:B=a.csv"], "one type"),
        (["--nodes=A="], "the name of a file"),
        (["--relationships=R=r.csv"], "at least one --nodes"),
    ],
)
def test_arguments_that_cannot_be_followed_are_refused(tmp_path: Path, arguments: list[str], expected: str) -> None:
    write(tmp_path, {"a.csv": "id:ID\n1\n"})
    with pytest.raises(LoadError, match=expected):
        from_arguments(arguments, tmp_path)


def test_a_place_without_a_graph_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"ratings.csv": "a,b\n", "empty/nodes/readme.txt": "x"})
    with pytest.raises(LoadError, match=r"expected a folder nodes/.* found empty, ratings\.csv"):
        find_sources(tmp_path)
    with pytest.raises(LoadError, match=r"nodes: expected CSV files, found none"):
        find_sources(tmp_path / "empty")
    with pytest.raises(LoadError, match="found nothing"):
        find_sources(tmp_path / "away")
    with pytest.raises(LoadError, match="found a CSV file"):
        find_sources(tmp_path / "ratings.csv")
