"""schema.toml: written to be read and edited, checked line by line when read."""

from pathlib import Path

import pytest
from example_graphs import FILMS, WITHOUT_USERS, write

from kg_rec.errors import SchemaError
from kg_rec.graph.csv_folder import read_folder
from kg_rec.schema import (
    EntitySchema,
    GraphSchema,
    InteractionSchema,
    ItemSchema,
    UserSchema,
    read_schema,
    write_schema,
)
from kg_rec.schema_inference import infer_schema

SCHEMA = GraphSchema(
    item=ItemSchema(label="Book", id="isbn", title="title", text=("blurb",), released="year", numeric=("pages",)),
    user=UserSchema(label="Reader", id="id", text=("about", "motto")),
    interaction=InteractionSchema(type="READ", weight="stars", time="at", text="said", kind="rating", scale=(1, 5)),
    entities={"Author": EntitySchema(title="name"), "Odd one": EntitySchema(title='a "quoted" name', text=("x",))},
    interests=("Book", "Author"),
    phrases={"WRITTEN_BY": "written by {}"},
    asking=("A book like {}",),
)


@pytest.mark.parametrize(
    "schema",
    [
        SCHEMA,
        SCHEMA.model_copy(update={"user": None, "interaction": None, "entities": {}, "phrases": {}, "asking": ()}),
        GraphSchema(item=ItemSchema(label="A", id="id", title="id"), interests=()),
    ],
)
def test_what_is_written_is_what_is_read(tmp_path: Path, schema: GraphSchema) -> None:
    path = tmp_path / "home" / "schema.toml"
    if not schema.entities:
        schema = schema.model_copy(update={"interests": (schema.item.label,)})
    write_schema(schema, path, {"item.label": "of this", "entities.Author.title": "of that", "user": "nobody is there"})
    assert read_schema(path) == schema
    assert list(path.parent.iterdir()) == [path]  # nothing beside it
    write_schema(schema, path)
    assert read_schema(path) == schema


def test_a_file_from_before_people_had_words_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "schema.toml"
    path.write_text(
        'interests = ["Book"]\n[item]\nlabel = "Book"\nid = "isbn"\ntitle = "title"\n'
        '[user]\nlabel = "Reader"\nid = "id"\n[interaction]\ntype = "READ"\nkind = "unary"\n'
    )
    schema = read_schema(path)
    assert schema.user == UserSchema(label="Reader", id="id") and schema.user.text == ()
    assert schema.interaction == InteractionSchema(type="READ", kind="unary") and schema.interaction.text is None
    write_schema(schema, path)
    assert read_schema(path) == schema
    # How they would stand is shown, for editing.
    assert '# text = ["bio"]' in path.read_text() and '# text = "review"' in path.read_text()


def test_what_is_inferred_can_be_written_with_its_reasons(tmp_path: Path) -> None:
    for name, files in (("films", FILMS), ("without", WITHOUT_USERS)):
        schema, reasons = infer_schema(read_folder(write(tmp_path / name, files)))
        path = tmp_path / f"{name}.toml"
        write_schema(schema, path, reasons)
        assert read_schema(path) == schema
        text = path.read_text()
        for reason in reasons.values():
            assert reason in text


def test_every_key_says_what_it_means_and_absent_ones_show_how_they_would_stand(tmp_path: Path) -> None:
    path = tmp_path / "schema.toml"
    write_schema(GraphSchema(item=ItemSchema(label="A", id="id", title="id"), interests=("A",)), path)
    text = path.read_text()
    for line in (
        '# released = "year"',
        '# text = ["description"]',
        "# numeric = ",
        "# What is recommended.",
        "No [user]",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "title"', 'titel = "title"', "expected a known key, found 'item.titel'."),
        ('title = "title"', "title = 7", "'item.title': expected a valid string, found 7."),
        ('kind = "rating"', 'kind = "stars"', "'interaction.kind': expected 'rating', 'count' or 'unary', found 'stars'."),
        ("scale = [1.0, 5.0]", "scale = [5, 1]", "expected a scale as [lowest, highest], found [5.0, 1.0]"),
        ("scale = [1.0, 5.0]", "", "expected 'weight' and 'scale' beside the kind \"rating\""),
        ('weight = "stars"', "", "expected 'weight' and 'scale' beside the kind \"rating\""),
        ('WRITTEN_BY = "written by {}"', 'WRITTEN_BY = "written"', "expected {} once in the phrase of WRITTEN_BY, found"),
        ('interests = ["Book", "Author"]', 'interests = ["Autor"]', "expected interests among Author, Book, Odd one; found"),
        ('label = "Reader"', 'label = "Book"', "expected another label than the item's, found 'Book' again"),
        ('label = "Book"', "label = Book", "expected TOML, found something else: "),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "schema.toml"
    write_schema(SCHEMA, path)
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    with pytest.raises(SchemaError) as caught:
        read_schema(path)
    assert message in caught.value.message
    place, _, _ = caught.value.message.partition(": ")
    line = text[: text.index(old)].count("\n") + 1
    if new:
        assert place.startswith(f"{path}:{line}"), caught.value.message


def test_only_one_of_user_and_interaction_is_refused() -> None:
    with pytest.raises(ValueError, match=r"both \[user\] and \[interaction\]"):
        GraphSchema(item=SCHEMA.item, user=SCHEMA.user, interests=())
    with pytest.raises(ValueError, match="the property with the count"):
        GraphSchema(
            item=SCHEMA.item, user=SCHEMA.user, interaction=InteractionSchema(type="R", kind="count"), interests=()
        )


def test_a_schema_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="found nothing") as caught:
        read_schema(tmp_path / "schema.toml")
    assert "kg-rec load" in caught.value.remedy
    (tmp_path / "schema.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SchemaError, match="cannot be read"):
        read_schema(tmp_path / "schema.toml")
    with pytest.raises(SchemaError, match="cannot be written"):
        write_schema(SCHEMA, tmp_path / "schema.toml" / "inside")
    (tmp_path / "schema.toml").write_text("")
    with pytest.raises(SchemaError, match="expected 'item', found nothing"):
        read_schema(tmp_path / "schema.toml")


def test_titles_are_found_by_label() -> None:
    assert [SCHEMA.title_of(label) for label in ("Book", "Author", "Reader")] == ["title", "name", None]
