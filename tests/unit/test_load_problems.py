"""What is wrong with files is told by file, line and column, all of it at once, and can be skipped and listed."""

import csv
from pathlib import Path

import pytest
from example_graphs import FILMS, Files, write

from kg_rec.errors import LoadError
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.problems import write_report


def told(folder: Path) -> list[str]:
    with pytest.raises(LoadError) as caught:
        read_folder(folder)
    assert caught.value.remedy.startswith("Nothing was loaded.")
    return caught.value.message.splitlines()


def changed(**files: str | bytes) -> Files:
    """FILMS with some files replaced; Film="…" stands for nodes/Film.csv, RATED="…" for relations/RATED.csv."""
    return {
        **FILMS,
        **{f"{'relations' if name.isupper() else 'nodes'}/{name}.csv": text for name, text in files.items()},
    }


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (changed(User="userId:ID(User)\n1\n2\n3\n1\n"), "nodes/User.csv:5:1: expected an id of its own in group 'User', "
         "found '1' again (first at nodes/User.csv:2)."),
        (changed(User='userId:ID(User)\n1\n2\n3\n""\n'), "nodes/User.csv:5:1: expected an id for 'userId:ID(User)', "
         "found ''."),
        (changed(DIRECTED_BY=":START_ID(Film),:END_ID(Person)\n3,8\n3,88\n"), "relations/DIRECTED_BY.csv:3:2: expected "
         "an id of group 'Person' for ':END_ID(Person)', found '88'."),
        (changed(DIRECTED_BY=":START_ID(Film),:END_ID(Person)\n3,8\n,8\n"), "relations/DIRECTED_BY.csv:3:1: expected "
         "an id of group 'Film' for ':START_ID(Film)', found ''."),
        (changed(User="userId:ID(User),name\n1,a\n2\n3,c,d\n"), "nodes/User.csv:3:2: expected 2 fields as in the "
         "header, found 1, the last being '2'."),
        (changed(Person='personId:ID(Person),name\n7,"Amy\n8,Akira\n9,Al\n'), 'nodes/Person.csv:2:2: expected a field '
         "that ends, with a quote at its end and every quote inside doubled, found '\"Amy'."),
        (changed(Person='personId:ID(Person),name\n7,Amy\n8,"Aki"ra\n9,Al\n'), "nodes/Person.csv:3:2: expected a field "
         "that ends, with a quote at its end and every quote inside doubled, found '\"Aki\"ra'."),
        (changed(User=f"userId:ID(User)\n1\n2\n3\n{'é' * 20_000}\n"), "nodes/User.csv:5:1: expected an id with its label in "
         f"8,000 bytes, found 40,005, '{'é' * 60}…'."),
        (changed(Genre=b"name:ID(Genre)\nDrama\nScience Fiction\nCrime\nCaf\xe9\n"), "nodes/Genre.csv:5:1: expected "
         "text in UTF-8, found 'Caf\\xe9'. Save the file as UTF-8, as by iconv -f LATIN1 -t UTF-8."),
    ],
)  # fmt: skip
def test_a_bad_line_is_told_and_can_be_skipped(tmp_path: Path, files: Files, expected: str) -> None:
    write(tmp_path, files)
    assert expected in told(tmp_path)
    folder = read_folder(tmp_path, skip_bad_rows=True)
    assert expected in [str(problem) for problem in folder.skipped]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (changed(Film=""), "nodes/Film.csv:1: expected a header line, found an empty file."),
        (changed(Film="title,year:int\nA,1\n"), "nodes/Film.csv:1: expected a column :ID, found 'title,year:int'."),
        (changed(Film="a;id:ID;c\n1;2;3\n"), "nodes/Film.csv:1: expected a column :ID, found 'a;id:ID;c'. Are the "
         "columns separated by ';'? Say so with --delimiter."),
        (changed(Film="id:ID(Film),a,a:int\n1,2,3\n"), "nodes/Film.csv:1:3: expected each column once, found 'a' again "
         "(first in column 2). Rename one of them, or give it the type :IGNORE."),
        (changed(Film="key:ID(Film)\n1\n"), "nodes/Film.csv:1:1: expected another name than 'key', under which every "
         "node keeps its own key, found 'key:ID(Film)'. Rename the column."),
        (changed(Film="id:ID(Film),a:integer\n1,2\n"), "nodes/Film.csv:1:2: expected a type of string,"),
        (changed(Film="id:ID(Film),:int\n1,2\n"), "nodes/Film.csv:1:2: expected a name before ':int', found ':int'."),
        (changed(Film="id:ID(Film),a:b c\n1,2\n"), "nodes/Film.csv:1:2: expected a column as name:type, "),
        (changed(Film="id:ID(Film),other:ID(Film)\n1,2\n"), "nodes/Film.csv:1:2: expected one column :ID, found "
         "another one, 'other:ID(Film)'."),
        (changed(Film="id:ID(Film){id-type:uuid}\n1\n"), "nodes/Film.csv:1:1: expected an id-type of string, int"),
        (changed(Film="id:ID(Film),t:datetime{timezone:Mars}\n1,\n"), "nodes/Film.csv:1:2: expected options that Neo4j "
         "knows, found "),
        (changed(Film="id:ID(Film),t:time{timezone:Europe/Oslo}\n1,\n"), "nodes/Film.csv:1:2: expected options that "
         "Neo4j knows, found "),
        (changed(Film="id:ID(Film),t:time{timezone:}\n1,\n"), "nodes/Film.csv:1:2: expected options that Neo4j knows, "
         "found 'timezone: nothing behind it'."),
        (changed(Film="id:ID(Film),t:datetime{timezone:}\n1,\n"), "nodes/Film.csv:1:2: expected options that Neo4j "
         "knows, found 'timezone: nothing behind it'."),
        (changed(Film="id:ID(Film),title\nid:ID(Film),title\n"), "nodes/Film.csv:2: expected data for the header in "
         "nodes/Film.csv, found 'id:ID(Film),title'. Take the line out."),
        ({"nodes/A-header.csv": "id:ID(A)\n", "nodes/A.csv": "1\n", "nodes/A_B.csv": "id:ID(B),url\n1,x\n"},
         "nodes/A_B.csv:1: expected data for the header in nodes/A-header.csv, found 'id:ID(B),url'. It is read as a "
         "part of that table: name it otherwise, or take the line out."),
        ({"nodes/A.csv": "id:ID\n1\n", "relations/R-header.csv": ":START_ID,:END_ID\n",
          "relations/R-1.csv": ":START_ID,:TYPE,:END_ID\n1,S,1\n"},
         "relations/R-1.csv:1: expected data for the header in relations/R-header.csv, found ':START_ID,:TYPE,:END_ID'. "),
        (changed(Film="id:ID(Film),:START_ID(Film)\n1,1\n"), "nodes/Film.csv:1:2: expected the header of nodes, found "
         "':START_ID(Film)'. Such a column belongs to a file of relations."),
        (changed(RATED=":START_ID(User),rating:float\n1,1\n"), "relations/RATED.csv:1: expected a column :END_ID, "),
        (changed(RATED=":START_ID(Userr),:END_ID(Film)\n1,1\n"), "relations/RATED.csv:1:1: expected an id group of the "
         "nodes ('Decade', 'Film', 'Genre', 'Person', 'User'), found ':START_ID(Userr)'."),
        (changed(Film="id:ID(Film)\n1\n".encode("utf-16")), "nodes/Film.csv: expected text in UTF-8, found text in "
         "UTF-16. Save it as UTF-8: iconv -f UTF-16 -t UTF-8"),
        (changed(Film="id:ID(Film)\n1\n".encode("utf-16-le")), "nodes/Film.csv: expected text in UTF-8, found many "
         "zero bytes. "),
        ({**FILMS, "nodes/Film.csv.gz": b"\x1f\x8b\x08broken"}, "nodes/Film.csv.gz: expected a whole gzip file, "),
        (changed(KGEntity="id:ID(K)\n1\n"), "nodes/KGEntity.csv: expected another label than 'KGEntity', which kg-rec "
         "keeps for itself, found 'KGEntity'."),
        (changed(INTERESTED_IN=":START_ID(User),:END_ID(Film)\n1,1\n"), "relations/INTERESTED_IN.csv: expected another "
         "type than 'INTERESTED_IN', which kg-rec keeps for itself, found 'INTERESTED_IN'."),
        ({"nodes/A.csv": "id:ID\n"}, "nodes/A.csv: expected at least one node, found none."),
        ({"a.args": "--nodes=A=a.csv,away.csv", "a.csv": "id:ID\n1\n"}, "away.csv: expected a file, found nothing."),
        ({"a.args": "--nodes=A=~nobody-of-this-name/x.csv"}, "~nobody-of-this-name/x.csv: expected a file, found nothing."),
        ({"a.args": "--nodes=A=a.csv --input-encoding=idna", "a.csv": "xn--zzzzzzzzz99999999"}, "a.csv: expected text in "
         "idna, found something else. Is that its encoding?"),
        ({"a.args": "--nodes=a.csv", "a.csv": "id:ID\n1\n"}, "a.csv:1: expected a column :LABEL, found none. Name it "
         "as in --nodes=Label=file.csv."),
        ({"a.args": "--nodes=A=a.csv --relationships=r.csv", "a.csv": "id:ID\n1\n", "r.csv": ":START_ID,:END_ID\n1,1\n"},
         "r.csv:1: expected a column :TYPE, found none. Name it as in --relationships=TYPE=file.csv."),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_and_cannot_be_skipped(tmp_path: Path, files: Files, expected: str) -> None:
    write(tmp_path, files)
    path = tmp_path / "a.args" if "a.args" in files else tmp_path
    for skip in (False, True):
        with pytest.raises(LoadError) as caught:
            read_folder(path, skip_bad_rows=skip)
        lines = caught.value.message.splitlines()
        assert any(line.startswith(expected) for line in lines), lines
        assert len(lines) == 1, lines  # and nothing that only follows from it
        assert caught.value.remedy == "Nothing was loaded."


def test_everything_is_told_at_once_and_long_lists_are_cut(tmp_path: Path) -> None:
    ratings = "".join(f"1,{film},x,1\n" for film in range(1, 40))
    write(tmp_path, changed(RATED=":START_ID(User),:END_ID(Film),rating:float,timestamp:long\n" + ratings))
    lines = told(tmp_path)
    assert len(lines) == 21
    assert lines[-1] == "… and 54 more in 1 file."  # 39 ratings and 35 films, less the 20 shown


def test_a_line_that_is_bad_makes_no_end_dangle(tmp_path: Path) -> None:
    write(tmp_path, changed(Person="personId:ID(Person),name,born:int\n7,Amy,x\n8,Akira\n9,Al,1940\n"))
    assert len(told(tmp_path)) == 2
    folder = read_folder(tmp_path, skip_bad_rows=True)
    assert folder.label_counts()["Person"] == 1
    places = [(problem.file, problem.line, problem.column) for problem in folder.skipped]
    assert ("relations/ACTED_IN.csv", 2, 1) in places and ("relations/DIRECTED_BY.csv", 2, 2) in places
    assert folder.type_counts()["ACTED_IN"] == 1


def test_files_without_groups_that_share_ids_are_told_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, {"nodes/A.csv": "id:ID\n1\n", "nodes/B.csv": "id:ID\n1\n"})
    (line,) = told(tmp_path)
    assert "Files with ids of their own need a group: ':ID(B)', ':START_ID(B)'." in line


def test_two_groups_cannot_share_a_key(tmp_path: Path) -> None:
    write(tmp_path, {"nodes/A.csv": "id:ID(A)\n1\n", "nodes/B.csv": "id:ID(B),:LABEL\n1,A\n"})
    (line,) = told(tmp_path)
    assert line.startswith("nodes/B.csv:2:1: expected an id of its own in the nodes labelled A, found '1' again")


def test_reserved_and_missing_names_in_columns_are_bad_lines(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "nodes/A.csv": "id:ID,:LABEL\n1,KGPerson\n2,A\n",
            "relations/R.csv": ":START_ID,:END_ID,:TYPE\n2,2,INTERESTED_IN\n2,2,OK\n",
        },
    )
    assert [line.split(": ")[0] for line in told(tmp_path)] == ["nodes/A.csv:2:2", "relations/R.csv:2:3"]
    folder = read_folder(tmp_path, skip_bad_rows=True)
    assert folder.label_counts() == {"A": 1} and folder.type_counts() == {"OK": 1}


def test_what_is_skipped_is_left_out_and_listed(tmp_path: Path) -> None:
    write(
        tmp_path,
        changed(
            User="userId:ID(User)\n1\n2\n3\n3\n",
            RATED=(
                ":START_ID(User),:END_ID(Film),rating:float,timestamp:long\n1,1,5.0,1\n1,2,viele,1\n4,1,5.0,1\n1\n"
                '1,3,"5.0,1\n2,3,4.0,1\n'
            ),
        ),
    )
    folder = read_folder(tmp_path, skip_bad_rows=True)
    assert folder.type_counts()["RATED"] == 2
    rated = next(table for table in folder.relations if "RATED" in table.types)
    assert rated.sources == ["User/1", "User/2"] and rated.properties["rating"].values == [5.0, 4.0]
    report = tmp_path / "reports" / "bad.csv"
    write_report(folder.skipped, report)
    with report.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["line"], row["column"]) for row in rows] == [
        ("nodes/User.csv", "5", "1"),
        ("relations/RATED.csv", "3", "3"),
        ("relations/RATED.csv", "4", "1"),
        ("relations/RATED.csv", "5", "2"),
        ("relations/RATED.csv", "6", "3"),
    ]
    assert rows[1]["expected"] == "a number for 'rating:float'" and rows[1]["found"] == "'viele'"


def test_a_report_that_cannot_be_written_stops_the_load(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(LoadError, match="cannot be written"):
        write_report([], tmp_path / "file" / "report.csv")
