"""What people have on disk becomes the folder that is loaded: whole, as it was reviewed, and with the right meaning unasked."""

from __future__ import annotations

import gzip
import importlib
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

import kg_rec.cli
from kg_rec.convert import Conversion, convert, layouts
from kg_rec.convert.layout import ENTRY_POINTS
from kg_rec.convert.movielens import title_in
from kg_rec.convert.source import Source
from kg_rec.convert.writer import GraphWriter
from kg_rec.errors import ConvertError
from kg_rec.graph.csv_folder import GraphFolder, read_folder
from kg_rec.schema import GraphSchema
from kg_rec.schema_inference import infer_schema

FIXTURES = Path(__file__).parents[1] / "fixtures"
SOURCES = FIXTURES / "convert"
NAMES = sorted(path.name for path in SOURCES.iterdir())


def files_in(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in sorted(folder.rglob("*.csv"))}


def copied(name: str, folder: Path, **changes: str | bytes | None) -> Path:
    """A fixture with some files changed: movies_csv="…" stands for movies.csv; None takes it away."""
    source = folder / "source"
    shutil.copytree(SOURCES / name, source)
    for file, content in changes.items():
        path = source / ".".join(file.rsplit("_", 1))
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return source


def told(source: Path, target: Path, **options: Any) -> str:
    """What the error says; there is nothing at the target afterwards, nor beside it."""
    with pytest.raises(ConvertError) as caught:
        convert(source, target, **options)
    assert caught.value.remedy
    assert not target.exists()
    assert not list(target.parent.glob(".*"))
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_each_layout_is_found_out_and_converted_as_it_was_reviewed(name: str, tmp_path: Path) -> None:
    done = convert(SOURCES / name, tmp_path / "graph")
    assert files_in(tmp_path / "graph") == files_in(FIXTURES / "converted" / name)
    assert not done.skipped
    graph = read_folder(tmp_path / "graph")  # raises where anything in it is not in order
    assert sum(done.nodes.values()) == graph.node_count
    assert sum(done.relations.values()) == graph.relation_count
    assert graph.type_counts() == dict(done.relations) and not graph.repeated


AMAZON = ("Product.title", ("description",), None, "User", "REVIEWED", "rating", "rating", "timestamp", "text")
MEANINGS = {
    "ml-latest": ("Movie.title", (), "year", "User", "RATED", "rating", "rating", "timestamp", None),
    "ml-25m": ("Movie.title", (), "year", "User", "RATED", "rating", "rating", "timestamp", None),
    "ml-1m": ("Movie.title", (), "year", "User", "RATED", "rating", "rating", "timestamp", None),
    "ml-100k": ("Movie.title", (), "year", "User", "RATED", "rating", "rating", "timestamp", None),
    "hetrec": ("Artist.name", (), None, "User", "LISTENED_TO", "plays", "count", None, None),
    "amazon-2018": AMAZON,
    "amazon-2014": AMAZON,
    "amazon-2023": AMAZON,
    "yelp": ("Business.name", (), None, "User", "REVIEWED", "stars", "rating", "date", "text"),
    "mind": ("News.title", ("abstract",), None, "User", "CLICKED", None, "unary", "time", None),
    "rdf-nt": ("Book.name", ("summary",), "year", "Reader", "LIKED", None, "unary", None, None),
    "rdf-ttl": ("Song.name", (), None, "Listener", "PLAYED", None, "unary", None, None),
    "neo4j-headers": ("Book.title", (), "year", "Reader", "RATED", "stars", "rating", None, None),
    "neo4j-command": ("Book.title", ("blurb",), None, "Reader", "LIKED", None, "unary", None, None),
}


def meaning(schema: GraphSchema) -> tuple[object, ...]:
    item, interaction = schema.item, schema.interaction
    user = schema.user.label if schema.user else None
    said = (f"{item.label}.{item.title}", item.text, item.released, user)
    if interaction is None:
        return *said, None, None, None, None, None
    return *said, interaction.type, interaction.weight, interaction.kind, interaction.time, interaction.text


def inferred(folder: Path) -> tuple[GraphFolder, GraphSchema]:
    graph = read_folder(folder)
    return graph, infer_schema(graph)[0]


@pytest.mark.parametrize("name", NAMES)
def test_what_it_means_is_found_unasked(name: str, tmp_path: Path) -> None:
    convert(SOURCES / name, tmp_path / "graph")
    _, schema = inferred(tmp_path / "graph")
    assert meaning(schema) == MEANINGS[name]
    # All that items have in common can be asked for by its name.
    wanted = {label for label in ("Genre", "Decade", "Tag", "Category", "Brand", "Feature", "City", "Entity", "Subject")
              if f"nodes/{label}.csv" in files_in(tmp_path / "graph")}  # fmt: skip
    assert wanted <= set(schema.interests)


def test_titles_are_as_people_say_them() -> None:
    for text, title, others, year in (
        ("Matrix, The (1999)", "The Matrix", (), 1999),
        ("City of Lost Children, The (Cité des enfants perdus, La) (1995)", "The City of Lost Children",
         ("La Cité des enfants perdus",), 1995),
        ("Seven (a.k.a. Se7en) (1995)", "Seven", ("Se7en",), 1995),
        ("Eat Drink (a.k.a. Eat) (Yin shi) (1994) ", "Eat Drink", ("Eat", "Yin shi"), 1994),
        ("Birdman: Or (The Unexpected Virtue of Ignorance) (2014)",
         "Birdman: Or (The Unexpected Virtue of Ignorance)", (), 2014),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", (), 2009),
        ("Death Note: Desu nôto (2006–2007)", "Death Note: Desu nôto", (), 2006),
        ("Avventura, L' (1960)", "L'Avventura", (), 1960),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", (), 1968),
        ("Babylon 5", "Babylon 5", (), None),
        ("1984", "1984", (), None),
        ("(1999)", "(1999)", (), 1999),
        ("Paris, Texas (1984)", "Paris, Texas", (), 1984),
    ):  # fmt: skip
        found = title_in(text)
        assert (found.title, found.others, found.year) == (title, others, year), text


# Bad lines


RATINGS = (SOURCES / "ml-latest" / "ratings.csv").read_text()
MOVIES = (SOURCES / "ml-latest" / "movies.csv").read_text()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ratings_csv": RATINGS + "5,3,3.0,84743496 https://example.org/1\n"}, "ratings.csv:8:4: expected an integer for "
         "'timestamp:long', found '84743496 https://example.org/1'."),
        ({"ratings_csv": RATINGS + "5,3,three,84743496\n"}, "ratings.csv:8:3: expected a number for 'rating:float', found "
         "'three'."),
        ({"ratings_csv": RATINGS + "5,3,,84743496\n"}, "ratings.csv:8:3: expected a number for 'rating:float', found ''."),
        ({"ratings_csv": RATINGS + ",3,3.0,84743496\n"}, "ratings.csv:8:1: expected a value for 'userId', found ''."),
        ({"ratings_csv": RATINGS + "5,3,3.0\n"}, "ratings.csv:8:4: expected 4 fields as in the header, found 3, the last "
         "being '3.0'."),
        ({"ratings_csv": RATINGS + "5,3,3.0,84743496,x\n"}, "ratings.csv:8:5: expected 4 fields as in the header, found 5, "
         "the last being 'x'."),
        ({"ratings_csv": RATINGS + "5,77,3.0,84743496\n"}, "ratings.csv:8:2: expected the id of one of the movies, found "
         "'77'."),
        ({"ratings_csv": RATINGS.encode() + b"5,3,3.0,8474\xe9\n"}, "ratings.csv:8:4: expected text in UTF-8, found "
         "'8474\\xe9'. Save the file as UTF-8, as by iconv -f LATIN1 -t UTF-8."),
        ({"movies_csv": MOVIES + "3,Again (1999),Drama\n"}, "movies.csv:7:1: expected an id of its own for 'movieId', found "
         "'3' again."),
        ({"movies_csv": MOVIES + '6,"Open (1999),Drama\n7,Next (1999),Drama\n'}, "movies.csv:7:2: expected a field that "
         "ends, with a quote at its end and every quote inside doubled, found '\"Open (1999),Drama'."),
        ({"movies_csv": MOVIES + '6,"Half" open (1999),Drama\n'}, "movies.csv:7:2: expected a field that ends"),
        ({"tags_csv": "userId,movieId,tag,timestamp\n1,1,fog,1\n1,99,fog,1\n"}, "tags.csv:3:2: expected the id of one of the "
         "movies, found '99'."),
        ({"links_csv": "movieId,imdbId,tmdbId\n1,1,x\n"}, "links.csv:2:3: expected an integer for 'tmdbId:long', found 'x'."),
    ],
)  # fmt: skip
def test_a_bad_line_is_told_and_can_be_skipped(changes: dict[str, str | bytes], expected: str, tmp_path: Path) -> None:
    source = copied("ml-latest", tmp_path, **changes)
    message = told(source, tmp_path / "graph")
    assert expected in message
    assert message.endswith(
        "Nothing was written. Mend the line, or skip bad lines and list them in a report with --bad-rows=report.csv"
    )
    done = convert(source, tmp_path / "graph", bad_rows=tmp_path / "report.csv")
    assert str(done.skipped[0]).startswith(expected)
    place = expected.split(": ")[0].split(":")
    assert (tmp_path / "report.csv").read_text().splitlines()[1].startswith(",".join(place))
    graph, _ = inferred(tmp_path / "graph")
    if "ratings_csv" in changes:  # all else is as it was
        assert files_in(tmp_path / "graph") == files_in(FIXTURES / "converted" / "ml-latest")
    if "Next (1999)" in str(changes):
        assert "Movie/7" in graph.nodes[2].keys  # reading goes on behind the line that is not closed


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ratings_csv": "userId,movie,rating,timestamp\n1,1,4.0,1\n"}, "ratings.csv:1: expected the column 'movieId', found "
         "'userId,movie,rating,timestamp'."),
        ({"ratings_csv": ""}, "ratings.csv:1: expected a header line, found an empty file."),
        ({"movies_csv": MOVIES.encode("utf-16")}, "movies.csv: expected text in UTF-8, found text in UTF-16."),
        ({"movies_csv": "movieId,title,genres\n"}, "expected at least one node, found none."),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_and_cannot_be_skipped(
    changes: dict[str, str | bytes], expected: str, tmp_path: Path
) -> None:
    if changes.get("movies_csv") == "movieId,title,genres\n":
        changes = {
            **changes,
            "ratings_csv": "userId,movieId,rating,timestamp\n",
            "tags_csv": "userId,movieId,tag,timestamp\n",
        }
    source = copied("ml-latest", tmp_path, **changes)
    message = told(source, tmp_path / "graph", bad_rows=tmp_path / "report.csv")
    assert expected in message and "--bad-rows" not in message


def test_what_differs_in_form_alone_changes_nothing(tmp_path: Path) -> None:
    expected = files_in(FIXTURES / "converted" / "ml-latest")
    windows = copied("ml-latest", tmp_path / "windows")
    for file in windows.iterdir():
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    convert(windows, tmp_path / "windows-graph")
    assert files_in(tmp_path / "windows-graph") == expected

    swapped = [line.split(",") for line in RATINGS.splitlines()]
    rows = "\n\n".join(
        ",".join([row[3], "x", *row[:3]]) for row in swapped
    )  # another order, one more column, blank lines
    convert(copied("ml-latest", tmp_path / "more", ratings_csv=f"{rows}\n"), tmp_path / "more-graph")
    assert files_in(tmp_path / "more-graph") == expected

    packed = copied("ml-latest", tmp_path / "gz")
    for file in list(packed.iterdir()):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    convert(packed, tmp_path / "gz-graph")
    assert files_in(tmp_path / "gz-graph") == expected
    whole = (packed / "ratings.csv.gz").read_bytes()
    (packed / "ratings.csv.gz").write_bytes(whole[:-12])
    assert "ratings.csv.gz: expected a whole compressed file, found a damaged one" in told(packed, tmp_path / "cut")


def test_archives_are_read_as_they_are_downloaded(tmp_path: Path) -> None:
    expected = files_in(FIXTURES / "converted" / "ml-latest")
    with zipfile.ZipFile(tmp_path / "ml.zip", "w") as archive:
        archive.writestr("__MACOSX/._movies.csv", "x")
        for file in (SOURCES / "ml-latest").iterdir():
            archive.write(file, f"ml-latest-small/{file.name}", zipfile.ZIP_DEFLATED)
    with tarfile.open(tmp_path / "ml.tar.gz", "w:gz") as tar:
        tar.add(SOURCES / "ml-latest", "./ml-latest")
    for name in ("ml.zip", "ml.tar.gz"):
        convert(tmp_path / name, tmp_path / f"{name}-graph")
        assert files_in(tmp_path / f"{name}-graph") == expected
    locked = bytearray((tmp_path / "ml.zip").read_bytes())
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    assert "without a password" in told(tmp_path / "locked.zip", tmp_path / "graph")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "ml.zip").read_bytes()[:-1])
    assert "cut.zip" in told(tmp_path / "cut.zip", tmp_path / "graph")


def test_bytes_of_latin_1_are_read_where_a_layout_has_them(tmp_path: Path) -> None:
    convert(SOURCES / "ml-1m", tmp_path / "graph")
    assert "Café du Nord" in files_in(tmp_path / "graph")["nodes/Movie.csv"]
    text = (SOURCES / "ml-1m" / "movies.dat").read_bytes().decode("latin-1")
    source = copied("ml-1m", tmp_path, movies_dat=text)  # in UTF-8, as of ml-10M100K
    convert(source, tmp_path / "again")
    assert files_in(tmp_path / "again") == files_in(tmp_path / "graph")


@pytest.mark.parametrize(
    ("name", "file", "line", "expected"),
    [
        ("ml-1m", "ratings.dat", "9::1::5::1", "5:1: expected the id of one of the users, found '9'."),
        ("ml-1m", "ratings.dat", "1::1::5", "5:4: expected 4 fields, found 3, the last being '5'."),
        ("ml-1m", "users.dat", "1::F::1::10::48067", "3:1: expected an id of its own for 'userId', found '1' again."),
        ("ml-100k", "u.data", "1\t9\t5\t881250949", "5:2: expected the id of one of the movies, found '9'."),
        ("ml-100k", "u.user", "1|24|M|technician|85711", "3:1: expected an id of its own for 'userId'"),
        ("hetrec", "user_artists.dat", "2\t44\t1", "7:2: expected the id of one of the artists, found '44'."),
        ("hetrec", "user_artists.dat", "2\t2\tmany", "7:3: expected an integer for 'weight:long', found 'many'."),
        ("hetrec", "artists.dat", "1\tAgain\t\t", "5:1: expected an id of its own for 'id', found '1' again."),
        ("hetrec", "user_taggedartists.dat", "2\t1\t9\t1\t1\t2009", "7:3: expected the id of a tag in tags.dat, found '9'."),
        ("amazon-2018", "reviews_Tools.json", '{"overall": 5.0, "asin": "B01"', "5: expected a JSON object, found '{\"overall\""),
        ("amazon-2018", "reviews_Tools.json", '{"reviewerID": "A1", "asin": "B01", "overall": "good"}', "5: expected a number "
         "for 'overall', found 'good'."),
        ("amazon-2018", "reviews_Tools.json", '{"asin": "B01", "overall": 1}', "5: expected text for 'reviewerID', found none."),
        ("amazon-2018", "meta_Tools.json", '{"title": "No id"}', "5: expected text for 'asin', found none."),
        ("amazon-2018", "meta_Tools.json", "[1]", "5: expected a JSON object, found '[1]' (no object)."),
        ("yelp", "yelp_academic_dataset_business.json", '{"business_id": "b1", "name": "x"}', "4: expected an id of its own for "
         "'business_id', found 'b1' again."),
        ("yelp", "yelp_academic_dataset_user.json", '{"user_id": "u1"}', "3: expected an id of its own for 'user_id'"),
        ("yelp", "yelp_academic_dataset_review.json", '{"user_id": "u1", "business_id": "b9", "stars": 1, "date": "2018-01-01"}',
         "4: expected the id of one of the businesses for 'business_id', found 'b9'."),
        ("yelp", "yelp_academic_dataset_review.json", '{"user_id": "u9", "business_id": "b1", "stars": 1, "date": "2018-01-01"}',
         "4: expected the id of one of the users for 'user_id', found 'u9'."),
        ("yelp", "yelp_academic_dataset_review.json", '{"user_id": "u1", "business_id": "b1", "stars": 1, "date": "today"}',
         "4: expected a date as 2024-05-31 12:30:00 for 'date', found 'today'."),
        ("mind", "behaviors.tsv", "4\tU1\tyesterday\tN1\tN2-1", "4:3: expected a time as 11/15/2019 8:05:00 AM, found "
         "'yesterday'."),
        ("mind", "behaviors.tsv", "4\tU3\t11/12/2019 6:11:30 PM\tN9\tN2-1", "4:4: expected ids of articles in news.tsv, found "
         "'N9'."),
        ("mind", "news.tsv", "N4\ta\tb\tTitle\t\t\t{}\t[]", "4:7: expected a list in JSON, found '{}'."),
        ("mind", "news.tsv", "N1\ta\tb\tTitle\t\t\t[]\t[]", "4:1: expected an id of its own for 'newsId', found 'N1' again."),
        ("rdf-nt", "books.nt", "no statement", "26: expected a statement as '<a> <b> <c> .', found 'no statement'."),
        ("ml-25m", "genome-scores.csv", "1,9,0.9", "7:2: expected the id of a tag in genome-tags.csv, found '9'."),
        ("ml-25m", "genome-scores.csv", "9,1,0.9", "7:1: expected the id of one of the movies, found '9'."),
    ],
)  # fmt: skip
def test_every_layout_tells_where_a_line_is_bad(name: str, file: str, line: str, expected: str, tmp_path: Path) -> None:
    source = copied(name, tmp_path)
    with (source / file).open("a", encoding="utf-8") as lines:
        lines.write(f"{line}\n")
    assert told(source, tmp_path / "graph").startswith(f"{file}:{expected}")
    done = convert(source, tmp_path / "graph", bad_rows=tmp_path / "report.csv")
    assert len(done.skipped) == 1
    assert files_in(tmp_path / "graph") == files_in(FIXTURES / "converted" / name)


def test_very_many_bad_lines_end_the_reading(tmp_path: Path) -> None:
    source = copied("ml-latest", tmp_path, ratings_csv=RATINGS + "x\n" * 5000)
    message = told(source, tmp_path / "graph")
    assert "… and 980 more in 1 file." in message
    done = convert(source, tmp_path / "graph", bad_rows=tmp_path / "report.csv")
    assert len(done.skipped) == 5000


def test_lines_that_are_no_objects_are_told(tmp_path: Path) -> None:
    good = (SOURCES / "amazon-2018" / "reviews_Tools.json").read_bytes()
    bad = [
        (b'{"reviewerID": "A\xe9", "asin": "B01", "overall": 1}', 'found \'{"reviewerID": "A\\xe9", "asin": "B01", '),
        (b"{'reviewerID': open('x')}", "expected a JSON object, found '{'reviewerID': open('x')}' ("),
        (b'{"reviewerID": true, "asin": "B01", "overall": 1}', "expected text for 'reviewerID', found 'True'."),
        (b'{"reviewerID": "A1", "asin": "B01"}', "expected a number for 'overall', found none."),
    ]
    source = copied("amazon-2018", tmp_path, reviews_Tools_json=b"\n".join([good, *(line for line, _ in bad)]))
    message = told(source, tmp_path / "graph").splitlines()
    for number, (_, expected) in enumerate(bad):
        # Behind the four reviews is a blank line.
        assert message[number].startswith(f"reviews_Tools.json:{6 + number}: ") and expected in message[number]
    whole = copied(
        "amazon-2018", tmp_path / "n", reviews_Tools_json=good + b'{"reviewerID": 7, "asin": 8, "overall": NaN}\n'
    )
    assert "reviews_Tools.json:5: expected a number for 'overall', found 'None'." in told(whole, tmp_path / "graph")


def test_an_empty_file_is_told_where_there_is_no_header(tmp_path: Path) -> None:
    source = copied("mind", tmp_path, behaviors_tsv="")
    assert "behaviors.tsv: expected at least one line, found an empty file." in told(source, tmp_path / "graph")
    source = copied("yelp", tmp_path / "y", yelp_academic_dataset_user_json="\n")
    assert "_user.json: expected at least one JSON object, found an empty file." in told(source, tmp_path / "graph")


def test_a_quote_that_is_never_closed_costs_one_line_of_many(tmp_path: Path) -> None:
    more = "".join(f"{number},Title {number} (1999),Drama\n" for number in range(100, 3100))
    source = copied("ml-latest", tmp_path, movies_csv=f'{MOVIES}6,"Open (1999),Drama\n{more}7,"Open too\n')
    done = convert(source, tmp_path / "graph", bad_rows=tmp_path / "report.csv")
    assert [problem.line for problem in done.skipped] == [7, 3008]
    assert done.nodes["Movie"] == 5 + 3000


# The parts of single layouts


def test_tags_of_movielens_10m_are_counted(tmp_path: Path) -> None:
    tags = "1::1::fog::1215184630\n2::1::Fog::1215184631\n2::3::sea::1215184632\n"
    source = copied("ml-1m", tmp_path, users_dat=None, tags_dat=tags)
    done = convert(source, tmp_path / "graph")
    assert done.relations["TAGGED"] == 2 and done.nodes["User"] == 2
    assert files_in(tmp_path / "graph")["relations/TAGGED.csv"].splitlines()[1:] == ["1,fog,2", "3,sea,1"]


def test_last_fm_without_tags_and_friends_is_converted(tmp_path: Path) -> None:
    gone = dict.fromkeys(("tags_dat", "user_friends_dat"))
    done = convert(copied("hetrec", tmp_path, **gone), tmp_path / "graph")
    assert done.relations == {"LISTENED_TO": 5} and not done.notes


def test_yelp_without_its_users_is_converted(tmp_path: Path) -> None:
    done = convert(copied("yelp", tmp_path, yelp_academic_dataset_user_json=None), tmp_path / "graph")
    assert done.nodes["User"] == 2 and done.relations["REVIEWED"] == 3 and "FRIEND_OF" not in done.relations


def test_the_test_set_of_mind_has_only_histories(tmp_path: Path) -> None:
    source = copied("mind", tmp_path, behaviors_tsv="1\tU1\t11/11/2019 9:05:58 AM\tN1 N2\tN3 N2\n")
    assert convert(source, tmp_path / "graph").relations["CLICKED"] == 2


def test_reviews_without_metadata_are_converted_and_it_is_told(tmp_path: Path) -> None:
    done = convert(SOURCES / "amazon-2018" / "reviews_Tools.json", tmp_path / "graph")
    assert done.nodes == {"Product": 3, "User": 3} and done.relations == {"REVIEWED": 4}
    assert done.notes == ("there is no metadata: products have no titles, and no words will find them",)
    _, schema = inferred(tmp_path / "graph")
    assert schema.item.label == "Product" and schema.user is not None and schema.user.label == "User"


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    assert convert(SOURCES / "amazon-2018", tmp_path / "a").notes == (
        "left out: 1 products that meta_Tools.json has again",
        "left out: 1 reviews of products that the metadata has not",
        "left out: 1 of ALSO_BOUGHT, whose Product is not there",
    )
    assert convert(SOURCES / "hetrec", tmp_path / "h").notes == (
        "left out: 1 tags given to artists that artists.dat has not",
        "left out: 1 of FRIEND_OF, whose User is not there",
    )
    assert convert(SOURCES / "yelp", tmp_path / "y").notes == ("left out: 1 of FRIEND_OF, whose User is not there",)
    assert convert(SOURCES / "neo4j-headers", tmp_path / "n").notes == (
        "left alone, as they have no header: notes.csv",
    )


def test_the_names_of_things_are_in_the_language_that_is_preferred(tmp_path: Path) -> None:
    convert(SOURCES / "rdf-nt", tmp_path / "graph", language="de")
    books = files_in(tmp_path / "graph")["nodes/Book.csv"].splitlines()
    assert books[1].endswith(
        ",Book,Die Salzstraße,Salt Road;The Salt Road,1987,Zwei Fuhrleute fahren über einen See aus Salz.,"
    ) or books[1].split(",")[2:4] == ["Die Salzstraße", "The Salt Road;Salt Road"]


def test_what_has_no_type_in_rdf_is_what_leads_to_it_says(tmp_path: Path) -> None:
    (tmp_path / "books.ttl").write_text(
        """
        @prefix ex: <http://example.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        ex:writtenBy rdfs:range ex:Author ; rdfs:domain ex:Book .
        ex:likes rdfs:range <http://www.w3.org/2002/07/owl#Thing> .
        ex:one a ex:Book ; ex:hasGenre ex:Poetry ; ex:writtenBy ex:Ann ; ex:printedIn ex:Oslo ; ex:mentions ex:Ann .
        ex:Bob a ex:Reader ; ex:likes ex:Ann, ex:Tea .
        """,
        encoding="utf-8",
    )
    done = convert(tmp_path / "books.ttl", tmp_path / "graph")
    # Oslo and tea: nothing says what they are; and a property that has a range is none of the things.
    assert done.nodes == {"Book": 1, "Genre": 1, "Author": 1, "Resource": 2, "Reader": 1}


def test_rdf_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    source = tmp_path / "bad.ttl"
    source.write_text("@prefix a: <http://example.org/> .\na:b a a:C .\na:b a:d ]\n")
    assert told(source, tmp_path / "graph").startswith(
        "bad.ttl:3: expected RDF as *.ttl has it, found something else ("
    )


def test_rdf_in_other_formats_is_read_too(tmp_path: Path) -> None:
    import rdflib

    graph = rdflib.Graph().parse(SOURCES / "rdf-ttl" / "songs.ttl", publicID="file:///songs.ttl")
    counts = convert(SOURCES / "rdf-ttl", tmp_path / "ttl")
    for ending, form in (("rdf", "xml"), ("jsonld", "json-ld"), ("nt", "nt"), ("n3", "n3")):
        graph.serialize(tmp_path / f"songs.{ending}", format=form, encoding="utf-8")
        done = convert(tmp_path / f"songs.{ending}", tmp_path / ending)
        assert (done.nodes, done.relations) == (counts.nodes, counts.relations)


def test_values_of_rdf_keep_their_types_where_they_are_of_them(tmp_path: Path) -> None:
    source = tmp_path / "values.ttl"
    source.write_text(
        "@prefix e: <http://example.org/> . @prefix o: <http://other.example.org/> .\n"
        "@prefix x: <http://www.w3.org/2001/XMLSchema#> .\n"
        'e:one a e:Thing ; e:day "2024-05-31"^^x:date ; e:at "2024-05-31T12:00:00Z"^^x:dateTime ; e:good true ;\n'
        '  e:odd "many"^^x:integer ; e:key "k" ; e:like e:two ; o:like e:two ; e:empty () .\n'
        'e:two a e:Thing ; e:day "2024-06-01"^^x:date ; e:odd 3 ; e:interestedIn e:one .\n'
    )
    done = convert(source, tmp_path / "graph")
    assert done.relations == {"LIKE": 2, "INTERESTED_IN_": 1}
    graph = read_folder(tmp_path / "graph")
    (things,) = graph.nodes
    types = {name: (values.type, values.values[1] is None) for name, values in things.properties.items()}
    assert types["day"] == ("date", False) and types["at"] == ("datetime", True) and types["good"] == ("boolean", True)
    assert types["odd"] == ("string", False) and types["key_"] == ("string", True)


def test_a_command_that_names_a_missing_file_is_told(tmp_path: Path) -> None:
    source = copied("neo4j-command", tmp_path, more_csv=None)
    assert told(source, tmp_path / "graph").startswith(
        "import.sh: expected the file '/data/import/more.csv', which is named there, found none of that name."
    )


def test_the_folder_that_is_loaded_is_converted_to_itself(tmp_path: Path) -> None:
    expected = files_in(FIXTURES / "converted" / "hetrec")
    done = convert(FIXTURES / "converted" / "hetrec", tmp_path / "graph")
    assert done.layout == "neo4j-admin" and files_in(tmp_path / "graph") == expected


# Which layout it is


def test_what_is_of_no_layout_is_told_with_all_that_was_looked_for(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "photo.png").write_bytes(b"\x89PNG")
    (source / "empty.csv").write_bytes(b"")
    message = told(source, tmp_path / "graph")
    for layout in layouts():
        assert f"  {layout.name} " in message and layout.looks_for in message
    assert "found empty.csv, photo.png." in message
    (source / "photo.png").unlink()
    (source / "empty.csv").unlink()
    assert "expected files, found none" in told(source, tmp_path / "graph")
    assert "found nothing" in told(tmp_path / "nowhere", tmp_path / "graph")


def test_what_is_of_two_layouts_is_asked_about(tmp_path: Path) -> None:
    source = copied("ml-latest", tmp_path)
    shutil.copy(SOURCES / "rdf-nt" / "books.nt", source)
    message = told(source, tmp_path / "graph")
    assert "expected one layout, found 2 that fit:" in message
    assert message.endswith("Nothing was written. Decide with --from movielens or --from rdf")
    assert convert(source, tmp_path / "graph", layout="rdf").nodes["Book"] == 2
    assert "--from netflix: expected a layout of movielens, " in told(source, tmp_path / "other", layout="netflix")
    assert "expected news.tsv and behaviors.tsv (MIND), as 'mind' has it, found books.nt, " in told(
        source, tmp_path / "other", layout="mind"
    )


# The target


def test_only_a_new_or_an_empty_folder_is_written(tmp_path: Path) -> None:
    source, target = SOURCES / "ml-latest", tmp_path / "graph"
    target.mkdir()
    convert(source, target)
    before = files_in(target)
    with pytest.raises(ConvertError, match="expected a new or an empty folder, found nodes, relations in it"):
        convert(source, target)
    assert files_in(target) == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConvertError, match="expected a new or an empty folder, found a file"):
        convert(source, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    convert(source, tmp_path / "new" / "graph")
    assert files_in(tmp_path / "new" / "graph") == before


def test_what_is_broken_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kg_rec.convert.movielens import MovieLens

    def broken(self: MovieLens, source: Source, graph: GraphWriter) -> None:
        whole(self, source, graph)
        assert list(tmp_path.glob(".graph.writing/nodes/*.csv"))
        raise KeyboardInterrupt

    whole = MovieLens.convert
    monkeypatch.setattr(MovieLens, "convert", broken)
    with pytest.raises(KeyboardInterrupt):
        convert(SOURCES / "ml-latest", tmp_path / "graph")
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    (tmp_path / ".graph.writing").mkdir()  # of one that was killed
    (tmp_path / ".graph.writing" / "rest").write_text("x")
    convert(SOURCES / "ml-latest", tmp_path / "graph")
    assert files_in(tmp_path / "graph") == files_in(FIXTURES / "converted" / "ml-latest")
    assert [path.name for path in tmp_path.iterdir()] == ["graph"]


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    message = told(SOURCES / "ml-latest", tmp_path / "graph", bad_rows=tmp_path)
    assert "the report of bad lines cannot be written" in message and "Nothing was written." in message


# The command


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["kg-rec", "convert", *arguments])
    with pytest.raises(SystemExit) as end:
        kg_rec.cli.main()
    captured = capsys.readouterr()
    return int(end.value.code or 0), captured.out, captured.err


def test_the_command_tells_what_it_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, monkeypatch, str(SOURCES / "hetrec"), "music", "--bad-rows", "report.csv")
    assert status == 0
    assert out == (
        "hetrec-lastfm, written to music:\n"
        "  nodes      Artist 3, User 3, Tag 3\n"
        "  relations  LISTENED_TO 5, TAGGED 3, FRIEND_OF 2\n"
        "next: kg-rec load music\n"
    )
    assert "· left out: 1 of FRIEND_OF, whose User is not there" in err
    assert "no bad lines; report.csv lists none" in err
    status, out, err = run(capsys, monkeypatch, str(SOURCES / "hetrec"), "music")
    assert (status, out) == (1, "") and "kg-rec: music: expected a new or an empty folder" in err


# Layouts of others


def test_layouts_of_other_packages_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, example_of_the_page())
    source = tmp_path / "source"
    source.mkdir()
    (source / "loans.csv").write_text(
        "card,book,title,day\nc1,b1,Night Ferry,2024-05-31\nc2,b1,Night Ferry,2024-06-01\n"
    )
    done = convert(source, tmp_path / "graph")
    assert done == Conversion(tmp_path / "graph", "library", {"Book": 1, "Reader": 2}, {"BORROWED": 2})
    _, schema = inferred(tmp_path / "graph")
    assert meaning(schema) == ("Book.title", (), None, "Reader", "BORROWED", None, "unary", "day", None)
    (source / "loans.csv").write_text("card,book,title,day\nc1,b1,Night Ferry,today\n")
    assert told(source, tmp_path / "other").startswith("loans.csv:2:4: expected a date as 2024-05-31 for 'day:date'")


LETTERS = """
class Letters:
    name, looks_for = "letters", "letters.csv"

    def recognises(self, source):
        return source.has("letters.csv")

    def convert(self, source, graph):
        people = graph.nodes("Person", "personId")
        wrote = graph.relations("WROTE_TO", people, people, "letter", loose=True)
        for writer, reader, letter in source.table("letters.csv", "writer", "reader", "letter"):
            people.add(writer)
            wrote.add(writer, reader, letter)


LAYOUT = Letters()
"""


def test_what_is_loose_may_be_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read again in the end, to be left out where its nodes are not there."""
    installed(tmp_path, monkeypatch, LETTERS)
    (tmp_path / "source").mkdir()
    long = "word " * 40_000
    (tmp_path / "source" / "letters.csv").write_text(f"writer,reader,letter\nann,ben,{long}\nben,cyd,lost\n")
    done = convert(tmp_path / "source", tmp_path / "graph")
    assert (done.nodes, done.relations) == ({"Person": 2}, {"WROTE_TO": 1})
    assert long in files_in(tmp_path / "graph")["relations/WROTE_TO.csv"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise RuntimeError('no luck')", "expected the layout 'library', found RuntimeError: no luck."),
        ("LAYOUT = 3", "expected a layout with name, looks_for, recognises and convert, found int."),
    ],
)
def test_a_layout_of_another_package_that_is_none_is_told(
    code: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch, code)
    assert expected in told(SOURCES / "ml-latest", tmp_path / "graph")


def example_of_the_page() -> str:
    """The example of docs/convert.md."""
    page = (Path(__file__).parents[2] / "docs" / "convert.md").read_text(encoding="utf-8")
    return next(block for block in page.split("```python\n")[1:] if "LAYOUT" in block).split("```")[0]


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have a package with a layout where Python finds it, with its entry point."""
    place = folder / "installed"
    (place / "library_layout-1.0.dist-info").mkdir(parents=True)
    (place / "library_layout.py").write_text(code)
    (place / "library_layout-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: library-layout\nVersion: 1.0\n"
    )
    (place / "library_layout-1.0.dist-info" / "entry_points.txt").write_text(
        f"[{ENTRY_POINTS}]\nlibrary = library_layout:LAYOUT\n"
    )
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.delitem(sys.modules, "library_layout", raising=False)
    importlib.invalidate_caches()
