"""What a graph means is found from its shape and values, in any domain; where it is open, the choices are told."""

from pathlib import Path

import pytest
from example_graphs import FILMS, MUSIC, SHOP, WITHOUT_USERS, Files, write

from kg_rec.errors import SchemaError
from kg_rec.graph.csv_folder import GraphFolder, Values, read_folder
from kg_rec.schema import GraphSchema, InteractionSchema
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


def inferred(path: Path, files: Files, **choices: str) -> GraphSchema:
    return infer_schema(folder(path, files), SchemaChoices(**choices))[0]  # type: ignore[arg-type]


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
    assert "is called as people are" in reasons["interaction.type"]
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
