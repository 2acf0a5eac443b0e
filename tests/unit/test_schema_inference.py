"""What a graph means is found from its shape and values, in any domain; where it is open, the choices are told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from example_graphs import FILMS, MUSIC, REVIEWS, SHOP, WITHOUT_USERS, Files, write

from kg_rec.errors import SchemaError
from kg_rec.graph.csv_folder import GraphFolder, Values, read_folder
from kg_rec.schema import GraphSchema, InteractionSchema, UserSchema
from kg_rec.schema_inference import (
    SchemaChoices,
    UndecidedSchemaError,
    contradictions,
    contrary_choices,
    infer_schema,
    infer_schema_asking,
    unmentioned,
)
from kg_rec.schema_properties import UndecidedKindError, is_time, looks_like_weight, phrase_from, weight_of


def folder(path: Path, files: Files) -> GraphFolder:
    return read_folder(write(path, files))


def inferred(path: Path, files: Files, **choices: Any) -> GraphSchema:
    return infer_schema(folder(path, files), SchemaChoices(**choices))[0]


@pytest.mark.parametrize(
    ("header", "row", "why"),
    [
        ("bookId:ID(Book),title", "{n},The Book {n}", "there is no other text than 'title'"),
        (
            "bookId:ID(Book),title,blurb",
            "{n},The Book {n},Dark and {n}",
            "it takes 5 words on average; there are fewer in blurb",
        ),
    ],
)
def test_why_there_is_no_running_text(tmp_path: Path, header: str, row: str, why: str) -> None:
    books = "\n".join([header, *(row.format(n=number) for number in ("one", "two", "three"))])
    files = {
        "nodes/Book.csv": f"{books}\n",
        "nodes/Reader.csv": "readerId:ID(Reader)\nr1\nr2\n",
        "relations/BOUGHT.csv": ":START_ID(Reader),:END_ID(Book)\nr1,one\nr2,two\n",
    }
    schema, reasons = infer_schema(folder(tmp_path, files))
    assert schema.item.text == ()
    assert reasons["item.text"] == why


def undecided(path: Path, files: Files, **choices: str) -> UndecidedSchemaError:
    with pytest.raises(UndecidedSchemaError) as caught:
        inferred(path, files, **choices)
    return caught.value


def test_films_with_ratings(tmp_path: Path) -> None:
    schema, reasons = infer_schema(folder(tmp_path, FILMS))
    assert (schema.item.label, schema.item.id, schema.item.title) == ("Film", "filmId", "title")
    assert schema.item.text == ("plot",)
    assert schema.item.released == "year"
    assert schema.item.numeric == ("length",)  # tmdbId is a number of a thing, not a quantity
    assert schema.user is not None and (schema.user.label, schema.user.id) == ("User", "userId")
    assert schema.interaction == InteractionSchema(
        type="RATED", weight="rating", time="timestamp", kind="rating", scale=(0.5, 5.0)
    )
    assert schema.entities["Person"].title == "name" and schema.entities["Genre"].title == "name"
    assert set(schema.interests) == {"Film", "Genre", "Decade", "Person"}
    assert schema.phrases == {
        "HAS_GENRE": "with {}",
        "IN_DECADE": "in {}",
        "DIRECTED_BY": "directed by {}",
        "TAGGED": "tagged {}",
        "ACTED_IN": "with {}",
    }
    assert "only relation with a weight or a time" in reasons["interaction.type"]
    assert "'rating', 'timestamp'" in reasons["interaction.type"]
    assert reasons["item.title"] == "it is called 'title'"


def test_music_with_play_counts_and_no_time(tmp_path: Path) -> None:
    schema = inferred(tmp_path, MUSIC)
    assert schema.item.label == "Artist" and schema.item.title == "name" and schema.item.released is None
    assert schema.user is not None and schema.user.label == "Listener"
    assert schema.interaction == InteractionSchema(type="LISTENED_TO", weight="plays", kind="count")
    assert schema.interests == ("Artist", "Tag")


def test_a_shop_with_reviews(tmp_path: Path) -> None:
    schema = inferred(tmp_path, SHOP)
    assert (schema.item.label, schema.item.title, schema.item.text) == ("Product", "productName", ("description",))
    assert schema.item.numeric == ("price",)
    assert schema.interaction == InteractionSchema(
        type="REVIEWED", weight="stars", time="on", kind="rating", scale=(1.0, 5.0)
    )
    assert "City" in schema.entities and "City" not in schema.interests  # only customers are in cities
    assert schema.phrases == {"MADE_BY": "made by {}"}


def test_the_running_words_of_people_are_found(tmp_path: Path) -> None:
    schema, reasons = infer_schema(folder(tmp_path, REVIEWS))
    assert schema.user is not None and schema.user.text == ("about", "motto")
    assert schema.interaction == InteractionSchema(
        type="REVIEWED", weight="stars", time="on", text="text", kind="rating", scale=(1.0, 5.0)
    )
    assert reasons["user.text"] == "their values are sentences, the longest first"
    assert reasons["interaction.text"] == "the values of 'text' are sentences"


def test_people_who_tell_of_themselves_are_people_still(tmp_path: Path) -> None:
    files = {**REVIEWS, "relations/REVIEWED.csv": ":START_ID(Customer),:END_ID(Product)\nc1,p1\nc2,p3\n"}
    schema = inferred(tmp_path / "customers", files)
    assert schema.interaction == InteractionSchema(type="REVIEWED", kind="unary")
    # Under a label that says nothing, what has running words may as well be a thing.
    renamed = {name.replace("Customer", "Z"): str(text).replace("(Customer)", "(Z)") for name, text in REVIEWS.items()}
    assert undecided(tmp_path / "things", renamed).option == "user"
    assert inferred(tmp_path / "said", renamed, user="Z").user == UserSchema(
        label="Z", id="customerId", text=("about", "motto")
    )


def test_words_that_are_no_longer_there_contradict_the_schema(tmp_path: Path) -> None:
    schema, _ = infer_schema(folder(tmp_path / "words", REVIEWS))
    assert contradictions(schema, folder(tmp_path / "again", REVIEWS)) == []
    changed = {
        name: str(text).replace("summary,text,", "summary,words,").replace("motto", "m")
        for name, text in REVIEWS.items()
    }
    assert [line.split(", found")[0] for line in contradictions(schema, folder(tmp_path / "changed", changed))] == [
        "the property 'motto' of Customer",
        "the property 'text' of (:Customer)-[:REVIEWED]->(:Product)",
    ]


def test_a_graph_without_users(tmp_path: Path) -> None:
    schema, reasons = infer_schema(folder(tmp_path, WITHOUT_USERS))
    assert schema.item.label == "Film" and schema.user is None and schema.interaction is None
    assert "no relation with a weight or a time" in reasons["user"]
    assert schema.interests == ("Film", "Decade", "Genre")


def test_two_relations_with_weights_are_a_choice(tmp_path: Path) -> None:
    files = {**SHOP, "relations/BOUGHT.csv": ":START_ID(Customer),:END_ID(Product),quantity:int\nc1,p1,1\nc1,p2,3\n"}
    error = undecided(tmp_path, files)
    assert error.option == "interaction" and set(error.choices) == {"BOUGHT", "REVIEWED"}
    assert (
        "(:Customer)-[:BOUGHT]->(:Product)" in error.message and "(:Customer)-[:REVIEWED]->(:Product)" in error.message
    )
    assert "--interaction=BOUGHT or --interaction=REVIEWED" in error.remedy
    chosen = inferred(tmp_path, files, interaction="BOUGHT")
    assert chosen.interaction == InteractionSchema(type="BOUGHT", weight="quantity", kind="count")


def test_two_rated_labels_are_a_choice(tmp_path: Path) -> None:
    files = {**FILMS, "relations/SCORED.csv": ":START_ID(User),:END_ID(Person),score:int\n1,7,10\n2,8,3\n3,9,7\n"}
    error = undecided(tmp_path, files)
    assert error.option == "item" and set(error.choices) == {"Film", "Person"}
    assert inferred(tmp_path, files, item="Person").interaction == InteractionSchema(
        type="SCORED", weight="score", kind="rating", scale=(1.0, 10.0)
    )


def test_relations_without_weight_and_time(tmp_path: Path) -> None:
    likes = {**FILMS, "relations/RATED.csv": ":START_ID(User),:END_ID(Film)\n1,1\n1,2\n2,3\n"}
    del likes["relations/TAGGED.csv"]
    schema, reasons = infer_schema(folder(tmp_path / "likes", likes))
    assert schema.interaction == InteractionSchema(type="RATED", kind="unary")
    assert "a name for people" in reasons["interaction.type"]
    nameless = {name.replace("User", "Z"): text for name, text in likes.items()}
    assert inferred(tmp_path / "nameless", nameless).interaction == InteractionSchema(type="RATED", kind="unary")


def test_a_chain_that_reads_two_ways_is_a_choice(tmp_path: Path) -> None:
    # Either readers like books that have subjects, or books come from publishers that are in cities.
    chain = {
        "nodes/A.csv": "id:ID(A),name\n1,One thing\n2,Another thing\n",
        "nodes/B.csv": "id:ID(B),name\n1,First\n2,Second\n",
        "nodes/C.csv": "name:ID(C)\nx\n",
        "relations/R.csv": ":START_ID(A),:END_ID(B)\n1,1\n2,2\n",
        "relations/S.csv": ":START_ID(B),:END_ID(C)\n1,x\n",
    }
    error = undecided(tmp_path, chain)
    assert error.option == "user" and error.choices == ("A", "none")
    assert inferred(tmp_path, chain, user="A").item.label == "B"
    assert inferred(tmp_path, chain, user="none", item="A").item.label == "A"
    assert inferred(tmp_path, chain, user="none").item.label == "A"
    error = undecided(tmp_path, chain, item="B")
    assert error.option == "user" and error.choices == ("A", "none")


def test_weighted_relations_of_things_are_not_taken_for_interactions(tmp_path: Path) -> None:
    files = {**WITHOUT_USERS}
    assert ",count:int" in str(files["relations/TAGGED.csv"])
    assert inferred(tmp_path, files).user is None


def led_by(source: str, type_: str, target: str, columns: str, *rows: str, named: bool = True) -> Files:
    """Two nodes of `source`, with names or with ids alone, each leading to two named nodes of `target`."""
    names = "id:ID(S),name\ns1,Ada Lane\ns2,Ben Moor\n" if named else "id:ID(S)\n17\n18\n"
    ends = ("s1,t1", "s1,t2", "s2,t1", "s2,t2") if named else ("17,t1", "17,t2", "18,t1", "18,t2")
    lines = "".join(f"{end},{row}\n" for end, row in zip(ends, rows, strict=True))
    return {
        f"nodes/{source}.csv": names,
        f"nodes/{target}.csv": "id:ID(T),name\nt1,Blue chair\nt2,Red lamp\n",
        f"relations/{type_}.csv": f":START_ID(S),:END_ID(T),{columns}\n{lines}",
    }


@pytest.mark.parametrize(
    ("source", "type_", "target", "columns", "rows"),
    [
        ("Person", "ACTED_IN", "Movie", "billing:int", "1243"),
        ("Supplier", "SUPPLIES", "Product", "price:double", "1243"),
        ("Author", "WROTE", "Paper", "position:int", "1213"),
    ],
)
def test_a_number_alone_makes_nobody_a_user(
    tmp_path: Path, source: str, type_: str, target: str, columns: str, rows: str
) -> None:
    files = led_by(source, type_, target, columns, *rows)
    error = undecided(tmp_path, files)
    assert error.option == "user" and error.choices == (source, "none")
    assert f"found (:{source})-[:{type_}]->(:{target}), which may be that or not" in error.message
    error = undecided(tmp_path, files, user="none")
    assert error.option == "item" and error.choices == (target, source)
    nobody = inferred(tmp_path, files, user="none", item=target)
    assert nobody.user is None and nobody.item.label == target
    chosen = inferred(tmp_path, files, user=source, kind="count").interaction
    assert chosen is not None and chosen.type == type_


@pytest.mark.parametrize(
    ("source", "columns", "rows", "named", "reason"),
    [
        ("Person", "at:date", ("2020-01-01", "2020-01-02", "2021-01-01", "2021-02-01"), True, "'at' says when"),
        ("Person", "stars:int", "1535", True, "'stars' is a word for a rating or a count"),
        ("Person", "playCount:int", "1597", True, "'playCount' is a word for a rating or a count"),
        ("Person", "weight:double", ("1.5", "90", "700", "3"), True, "'weight' is a word for a rating or a count"),
        ("Member", "x:int", "1535", True, "Member is a name for people"),
        ("AppUsers", "x:int", "1535", True, "AppUsers is a name for people"),
        ("Z", "x:int", "1535", False, "Z has no name"),
    ],
)
def test_what_besides_a_number_speaks_for_users(
    tmp_path: Path, source: str, columns: str, rows: Sequence[str], named: bool, reason: str
) -> None:
    files = led_by(source, "R", "Product", columns, *rows, named=named)
    schema, reasons = infer_schema(folder(tmp_path, files))
    assert schema.user is not None and schema.user.label == source
    assert reasons["interaction.type"].endswith(reason)


def test_numbers_on_other_relations_do_not_hide_the_users(tmp_path: Path) -> None:
    billing = ":START_ID(Person),:END_ID(Film),billing:int\n7,1,1\n7,2,2\n9,4,1\n"
    schema = inferred(tmp_path / "rated", {**FILMS, "relations/ACTED_IN.csv": billing})
    assert schema.user is not None and schema.user.label == "User"
    liked = ":START_ID(User),:END_ID(Film)\n1,1\n1,2\n2,3\n"
    files = {**FILMS, "relations/ACTED_IN.csv": billing, "relations/RATED.csv": liked}
    del files["relations/TAGGED.csv"]
    schema, reasons = infer_schema(folder(tmp_path / "liked", files))
    assert schema.interaction == InteractionSchema(type="RATED", kind="unary")
    assert "a name for people" in reasons["interaction.type"]


FRIENDS = {"relations/FRIEND_OF.csv": ":START_ID(User),:END_ID(User)\n1,2\n"}
LISTENERS: Files = {
    **FRIENDS,
    "nodes/User.csv": "id:ID(User)\n1\n2\n3\n",
    "nodes/Artist.csv": MUSIC["nodes/Artist.csv"],
    "nodes/Tag.csv": MUSIC["nodes/Tag.csv"],
}


@pytest.mark.parametrize("column", ["weight", "plays", "playCount"])
@pytest.mark.parametrize(
    "tags",
    [
        {"relations/TAGGED.csv": ":START_ID(User),:END_ID(Tag)\n1,jazz\n2,slow\n"},
        {"relations/TAGGED.csv": ":START_ID(User),:END_ID(Artist)\n1,a1\n2,a3\n"},
        {"relations/HAS_TAG.csv": MUSIC["relations/HAS_TAG.csv"]},
        {"relations/HAS_TAG.csv": ":START_ID(Artist),:END_ID(Tag),count:int\na1,slow,3\na4,jazz,9\n"},
    ],
    ids=["user to tag", "user to artist", "artist to tag", "artist to tag, counted"],
)
def test_listeners_who_tag_and_have_friends_need_no_question(tmp_path: Path, column: str, tags: Files) -> None:
    plays = f":START_ID(User),:END_ID(Artist),{column}:int\n1,a1,13883\n1,a2,11690\n2,a1,520\n3,a4,1\n3,a3,77\n"
    schema = inferred(tmp_path, {**LISTENERS, **tags, "relations/LISTENED_TO.csv": plays})
    assert schema.item.label == "Artist" and schema.user is not None and schema.user.label == "User"
    assert schema.interaction == InteractionSchema(type="LISTENED_TO", weight=column, kind="count")


@pytest.mark.parametrize("user", ["Customer", "User"])
@pytest.mark.parametrize(
    ("type_", "column", "values", "kind"),
    [
        ("REVIEWED", "rating", "51443", "rating"),
        ("RATED", "stars", "51443", "rating"),
        ("BOUGHT", "quantity", "11219", "count"),
    ],
)
def test_a_shop_whose_products_lead_to_products_needs_no_question(
    tmp_path: Path, user: str, type_: str, column: str, values: str, kind: str
) -> None:
    ends = ("c1,p1", "c1,p2", "c2,p2", "c3,p3", "c3,p1")
    rows = "".join(f"{end},{value}\n" for end, value in zip(ends, values, strict=True))
    files = {
        "nodes/Product.csv": SHOP["nodes/Product.csv"],
        f"nodes/{user}.csv": f"id:ID({user}),name\nc1,Ada Lane\nc2,Ben Moor\nc3,Cy Dow\n",
        "nodes/Category.csv": "name:ID(Category)\nJackets\nTents\n",
        f"relations/{type_}.csv": f":START_ID({user}),:END_ID(Product),{column}:int\n{rows}",
        "relations/ALSO_BOUGHT.csv": ":START_ID(Product),:END_ID(Product),count:int\np1,p2,3\np2,p3,9\n",
        "relations/IN_CATEGORY.csv": ":START_ID(Product),:END_ID(Category)\np1,Jackets\np3,Tents\n",
    }
    schema = inferred(tmp_path, files)
    assert schema.item.label == "Product" and schema.user is not None and schema.user.label == user
    assert schema.interaction is not None
    assert (schema.interaction.type, schema.interaction.weight, schema.interaction.kind) == (type_, column, kind)


def test_a_citation_graph_has_no_users(tmp_path: Path) -> None:
    files: Files = {
        "nodes/Paper.csv": "id:ID(P),title,year:int\n1,On graphs,1999\n2,On words,2004\n3,On both,2011\n",
        "nodes/Author.csv": "name:ID(A)\nAda Lane\nBen Moor\n",
        "nodes/Topic.csv": "name:ID(T)\ngraphs\nwords\n",
        "relations/CITES.csv": ":START_ID(P),:END_ID(P),times:int\n2,1,1\n3,1,4\n3,2,2\n",
        "relations/WRITTEN_BY.csv": ":START_ID(P),:END_ID(A)\n1,Ada Lane\n2,Ben Moor\n",
        "relations/ABOUT.csv": ":START_ID(P),:END_ID(T)\n1,graphs\n2,words\n",
    }
    schema = inferred(tmp_path, files)
    assert schema.item.label == "Paper" and schema.user is None and schema.item.released == "year"


@pytest.mark.parametrize(
    "column",
    ["released:date\n1,Ode,2024-01-31\n2,Elegy,2020-05-01\n", "releaseDate:int\n1,Ode,20240131\n2,Elegy,20200501\n",
     "published\n1,Ode,2024-01-31\n2,Elegy,2020-05-01T10:00:00\n"],
)  # fmt: skip
def test_dates_of_release_count_by_their_year(tmp_path: Path, column: str) -> None:
    schema, reasons = infer_schema(folder(tmp_path, {"nodes/Poem.csv": f"id:ID,title,{column}"}))
    name = column.partition("\n")[0].partition(":")[0]
    assert schema.item.released == name
    assert reasons["item.released"] == f"the values of '{name}' are dates, of which the year counts"


@pytest.mark.parametrize("columns", ["added:date", "publishedHere:date,publishedThere:date"])
def test_a_date_of_something_else_is_no_release(tmp_path: Path, columns: str) -> None:
    dates = ",".join(["2024-01-31"] * len(columns.split(",")))
    schema, reasons = infer_schema(folder(tmp_path, {"nodes/Poem.csv": f"id:ID,title,{columns}\n1,Ode,{dates}\n"}))
    assert schema.item.released is None
    assert reasons["item.released"] == "no property holds years, or dates of a release"


def test_a_schema_that_takes_other_numbers_for_years_is_told(tmp_path: Path) -> None:
    films = folder(tmp_path / "years", FILMS)
    schema, _ = infer_schema(films)
    text = str(FILMS["nodes/Film.csv"])
    for year in ("2016", "2013", "1985", "1995"):
        text = text.replace(f",{year},", f",{year}0131,")
    days = {**FILMS, "nodes/Film.csv": text}
    assert contradictions(schema, folder(tmp_path / "days", days)) == []
    numbers = {**FILMS, "nodes/Film.csv": text.replace("0131,", "7,")}
    assert contradictions(schema, folder(tmp_path / "numbers", numbers)) == [
        "years of four digits, or dates, in 'year' of Film, found 20167"
    ]
    one_year = str(FILMS["nodes/Film.csv"]).replace(",2013,", ",2016,").replace(",1985,", ",,").replace(",1995,", ",,")
    assert contradictions(schema, folder(tmp_path / "one", {**FILMS, "nodes/Film.csv": one_year})) == []


def test_users_whom_something_leads_to_are_a_choice(tmp_path: Path) -> None:
    files = {
        **FILMS,
        "nodes/Club.csv": "name:ID(Club)\nMonday\n",
        "relations/HAS_MEMBER.csv": ":START_ID(Club),:END_ID(User)\nMonday,1\n",
    }
    error = undecided(tmp_path, files)
    assert error.option == "user" and "User" in error.choices
    schema = inferred(tmp_path, files, user="User")
    assert schema.interaction is not None and schema.interaction.type == "RATED"


def test_items_without_relations_and_labels_that_say_nothing(tmp_path: Path) -> None:
    assert inferred(tmp_path / "one", {"nodes/Poem.csv": "id:ID,title\n1,Ode\n"}).item.label == "Poem"
    error = undecided(tmp_path / "two", {"nodes/A.csv": "id:ID(A)\n1\n", "nodes/B.csv": "id:ID(B)\n1\n"})
    assert error.option == "item" and error.choices == ("A", "B")


def test_an_item_with_two_names_is_a_choice(tmp_path: Path) -> None:
    files = {
        "nodes/Item.csv": "id:ID(I),heading,motto\n1,Blue chair,Sit well\n2,Red lamp,Be light\n",
        "nodes/User.csv": "id:ID(U)\n1\n",
        "relations/USED.csv": ":START_ID(U),:END_ID(I),times:int\n1,1,2\n1,2,9\n",
    }
    error = undecided(tmp_path, files)
    assert error.option == "title" and error.choices == ("heading", "motto")
    assert inferred(tmp_path, files, title="motto").item.title == "motto"


def test_two_weights_are_a_choice(tmp_path: Path) -> None:
    text = ":START_ID(Listener),:END_ID(Artist),plays:int,minutes:double\nu1,a1,3,4.5\nu2,a1,200,190.25\n"
    files = {**MUSIC, "relations/LISTENED_TO.csv": text}
    error = undecided(tmp_path, files)
    assert error.option == "weight" and error.choices == ("plays", "minutes")
    schema = inferred(tmp_path, files, weight="minutes")
    assert schema.interaction is not None and schema.interaction.weight == "minutes"


def test_numbers_that_may_be_ratings_or_counts_are_a_choice(tmp_path: Path) -> None:
    text = ":START_ID(Listener),:END_ID(Artist),w:int\nu1,a1,1\nu1,a2,1\nu2,a1,1\nu2,a2,2\nu3,a3,5\n"
    files = {**MUSIC, "relations/LISTENED_TO.csv": text}
    error = undecided(tmp_path, files)
    assert error.option == "kind" and error.choices == ("rating", "count", "unary")
    for kind, expected in (
        ("rating", InteractionSchema(type="LISTENED_TO", weight="w", kind="rating", scale=(1.0, 5.0))),
        ("count", InteractionSchema(type="LISTENED_TO", weight="w", kind="count")),
        ("unary", InteractionSchema(type="LISTENED_TO", kind="unary")),
    ):
        assert inferred(tmp_path, files, kind=kind).interaction == expected


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"item": "Movie"}, "expected a label for --item, found 'Movie'. There are: "),
        ({"user": "Usr"}, "expected a label for --user, found 'Usr'"),
        ({"interaction": "LIKED"}, "expected the type of a relation for --interaction, found 'LIKED'"),
        ({"weight": "stars"}, "for --weight, found 'stars'. There are: rating, timestamp"),
        ({"title": "titel"}, "expected a property of Film for --title, found 'titel'"),
        ({"user": "Film", "item": "User"}, "expected relations (:Film)-[]->(:User), found "),
    ],
)
def test_choices_that_are_not_in_the_graph_are_told(tmp_path: Path, choices: dict[str, str], message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        inferred(tmp_path, FILMS, **choices)
    assert message in caught.value.message


def test_open_decisions_can_be_asked(tmp_path: Path) -> None:
    files = {**SHOP, "relations/BOUGHT.csv": ":START_ID(Customer),:END_ID(Product),n:int\nc1,p1,1\nc1,p2,1\nc2,p1,3\n"}
    asked: list[str] = []

    def answer(question: UndecidedSchemaError) -> str:
        asked.append(question.option)
        return {"interaction": "BOUGHT", "kind": "count"}[question.option]

    schema, _ = infer_schema_asking(folder(tmp_path, files), SchemaChoices(), answer)
    assert asked == ["interaction", "kind"]
    assert schema.interaction == InteractionSchema(type="BOUGHT", weight="n", kind="count")


def test_a_schema_is_compared_with_a_graph(tmp_path: Path) -> None:
    films = folder(tmp_path / "films", FILMS)
    schema, _ = infer_schema(films)
    assert contradictions(schema, films) == [] and unmentioned(schema, films) == []
    other = {**FILMS, "nodes/Studio.csv": "id:ID(S)\n1\n"}
    del other["nodes/Decade.csv"], other["relations/IN_DECADE.csv"]
    other["nodes/Film.csv"] = str(FILMS["nodes/Film.csv"]).replace("plot", "story")
    other["relations/RATED.csv"] = str(FILMS["relations/RATED.csv"]).replace("rating:", "grade:")
    changed = folder(tmp_path / "changed", other)
    found = contradictions(schema, changed)
    assert [line.split(", found")[0] for line in found] == [
        "the property 'plot' of Film",
        "the label Decade",
        "the property 'rating' of (:User)-[:RATED]->(:Film)",
    ]
    assert len(contradictions(schema, changed, loaded={"Decade"})) == 2  # it is in Neo4j already
    assert unmentioned(schema, changed) == ["Studio"]
    assert contradictions(schema, folder(tmp_path / "music", MUSIC))[0].startswith("the label Film, found Artist")
    assert contrary_choices(schema, SchemaChoices(item="Film", kind="rating", user="User")) == []
    assert contrary_choices(schema, SchemaChoices(user="none")) == ["none as --user says, found User"]


@pytest.mark.parametrize(
    ("name", "numbers", "kind", "scale"),
    [
        ("rating", [0.5, 3, 5], "rating", (0.5, 5)),
        ("x", [1, 2, 3, 4, 5, 5, 4], "rating", (1, 5)),
        ("x", [1, 7, 10, 8], "rating", (1, 10)),
        ("x", [0, 1, 1], "rating", (0, 1)),
        ("x", [-1, 1, 1], "rating", (-1, 1)),
        ("x", [60, 85, 100, 90], "rating", (0, 100)),
        ("x", [*([12, 14, 16, 18, 20] * 20)], "rating", (1, 20)),
        ("x", [1, 1, 2, 324663], "count", None),
        ("x", [0.2, 3.25, 7000.5], "count", None),
        ("playCount", [1, 2, 3, 4, 5], "count", None),
        ("user_score", [1, 1, 1, 5], "rating", (1, 5)),
        ("rating", [0, 600, 1000], "rating", (0, 1000)),
    ],
)
def test_ratings_are_told_from_counts(
    name: str, numbers: list[float], kind: str, scale: tuple[float, float] | None
) -> None:
    weight = weight_of(name, Values("double", False, [*numbers, None]))
    assert (weight.kind, weight.scale) == (kind, scale)


@pytest.mark.parametrize("numbers", [[1, 1, 1, 2, 5], [1, 1, 2, 1, 10], [-300, 20]])
def test_numbers_that_may_be_either_are_left_open(numbers: list[float]) -> None:
    with pytest.raises(UndecidedKindError):
        weight_of("x", Values("int", False, list(numbers)))


def test_moments_and_weights_are_told_apart() -> None:
    def column(*numbers: object, type: str = "long") -> Values:
        return Values(type, False, list(numbers))

    assert is_time("x", column(964982703, 1700000000)) and is_time("x", column(964982703000, None))
    assert is_time("x", column("any", type="date"))
    assert (
        not is_time("x", column(1, 2))
        and not is_time("x", column(None))
        and not is_time("x", column("a", type="string"))
    )
    assert looks_like_weight("x", column(1, 2))
    for no_weight in (column(3, 3), column(1999, 2004), column(20240131, 20231224), column("a", "b", type="string")):
        assert not looks_like_weight("x", no_weight)
    assert not looks_like_weight("orderId", column(1, 2))


@pytest.mark.parametrize(
    ("relation", "target", "phrase"),
    [
        ("DIRECTED_BY", "Person", "directed by {}"),
        ("HAS_KEYWORD", "Keyword", "with {}"),
        ("FROM_COUNTRY", "Country", "from {}"),
        ("IN_DECADE", "Decade", "in {}"),
        ("STARS", "Person", "stars {}"),
        ("TAGGED", "Tag", "tagged {}"),
        ("IS_ABOUT", "Topic", "about {}"),
        ("locatedIn", "City", "located in {}"),
        ("GENRE", "Genre", "with {}"),
        ("SIMILAR_TO", "Film", "similar to {}"),
        ("PART_OF_SERIES", "Series", "part of {}"),
        ("关于", "主题", "关于 {}"),
    ],
)
def test_relations_read_in_words(relation: str, target: str, phrase: str) -> None:
    assert phrase_from(relation, target) == phrase


def test_titles_in_any_script_and_codes_that_are_none(tmp_path: Path) -> None:
    files: Files = {
        "nodes/书.csv": "编号:ID(书),书名,简介\n1,红楼梦,这是一个关于贾宝玉和林黛玉的故事，也写一个大家族的兴衰。\n"
        "2,三体,外星文明与地球的第一次接触，以及随之而来的漫长的危机与抉择。\n",
        "nodes/Code.csv": "c:ID(C)\nB00005N5PF\nB000X9FLKM\n",
        "nodes/User.csv": "id:ID(U)\n1\n2\n",
        "relations/READ.csv": ":START_ID(U),:END_ID(书),stars:int\n1,1,5\n2,2,3\n",
        "relations/HAS.csv": ":START_ID(书),:END_ID(C)\n1,B00005N5PF\n",
    }
    schema = inferred(tmp_path, files)
    assert (schema.item.label, schema.item.title, schema.item.text) == ("书", "书名", ("简介",))
    assert schema.interests == ("书",)  # nobody is interested in a code
