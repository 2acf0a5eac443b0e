"""Items in words: descriptions and asking sentences, in any domain."""

from __future__ import annotations

import re
from typing import Any

import pytest
from film_graphs import graph_of

from kg_rec.errors import SchemaError
from kg_rec.graph.export import HeteroData
from kg_rec.schema import EntitySchema, GraphSchema, ItemSchema
from kg_rec.text.asking import MAX_KINDS, MAX_NEIGHBOURS, ItemWords, default_templates, in_words, item_words

NAMED = EntitySchema(title="name")


def of_films(asking: tuple[str, ...] = ()) -> tuple[HeteroData, GraphSchema]:
    graph = graph_of(
        {
            "Film": {
                "id": ["1", "2", "3"],
                "title": ["Ran", "Heat", "Her"],
                "plot": ["Fire.", None, ""],
                "tag": ["x"] * 3,
            },
            "Genre": {"name": ["Drama", "Crime", "Romance"]},
            "Keyword": {"name": ["rain", "sons", "night", "war", "horses"]},
            "Person": {"name": ["Akira Kurosawa", "Al Pacino", None]},
            "Studio": {"name": ["A24"]},
        },
        {
            ("Film", "HAS_GENRE", "Genre"): [(0, 0), (1, 0), (1, 1), (2, 0), (2, 2)],
            ("Film", "HAS_KEYWORD", "Keyword"): [(0, keyword) for keyword in range(5)] + [(1, 2), (1, 3)],
            ("Film", "DIRECTED_BY", "Person"): [(0, 0), (2, 2)],
            ("Person", "ACTED_IN", "Film"): [(1, 1)],
            ("Film", "MADE_BY", "Studio"): [(0, 0), (1, 0), (2, 0)],
            ("Film", "REMAKE_OF", "Film"): [(1, 0)],
        },
    )
    schema = GraphSchema(
        item=ItemSchema(label="Film", id="id", title="title", text=("plot",)),
        entities={"Genre": NAMED, "Keyword": NAMED, "Person": NAMED, "Studio": NAMED},
        interests=("Film", "Genre", "Keyword", "Person"),  # nobody is interested in studios
        phrases={"HAS_KEYWORD": "about {}", "ACTED_IN": "with {}"},
        asking=asking,
    )
    return graph, schema


def asked(*templates: str) -> list[list[str]]:
    return item_words(*of_films(templates)).ask()


def test_slots_are_filled_with_words() -> None:
    ((ran, heat, her),) = asked("A [{kind} ]{item} called {title}[ {DIRECTED_BY}][ {ACTED_IN}]")
    assert ran == "A drama film called Ran directed by Akira Kurosawa"
    assert heat == "A drama crime film called Heat with Al Pacino"
    assert her == "A drama romance film called Her"  # its director has no name


def test_a_part_in_brackets_goes_when_a_slot_in_it_is_empty() -> None:
    ((ran, heat, her),) = asked("I want {title}[, {HAS_KEYWORD} and {DIRECTED_BY}][ please]")
    assert ran.startswith("I want Ran, about ") and ran.endswith(" and directed by Akira Kurosawa please")
    assert (heat, her) == ("I want Heat please", "I want Her please")
    # Outside brackets nothing stands for it, and no blanks are left behind.
    assert asked("{title} {ACTED_IN}   now")[0] == ["Ran now", "Heat with Al Pacino now", "Her now"]


def test_at_most_three_neighbours_are_named_the_most_common_first() -> None:
    ((ran, heat, her),) = asked("[{HAS_KEYWORD}]")
    assert ran == "about night, war and rain"  # night and war are in two films
    assert len(re.split(", | and ", ran)) == MAX_NEIGHBOURS
    assert heat == "about night and war" and her == ""


def test_an_unknown_slot_is_refused_with_those_there_are() -> None:
    with pytest.raises(SchemaError) as caught:
        asked("I like {title}", "Something {DIRECTED} with {stars}")
    assert str(caught.value).startswith(
        "schema.toml: asking: 'Something {DIRECTED} with {stars}': expected slots among "
        "['ACTED_IN', 'DIRECTED_BY', 'HAS_KEYWORD', 'item', 'kind', 'title'], found ['DIRECTED', 'stars']"
    )


def test_a_description_says_everything() -> None:
    ran, heat, her = item_words(*of_films()).describe()
    assert ran.split(". ") == [
        "Ran",
        "Drama film",
        "about night, war, rain, sons and horses",  # a description names more than a person would
        "directed by Akira Kurosawa",
        "Fire.",
    ]
    assert heat == "Heat. Drama Crime film. about night and war. with Al Pacino"
    assert her == "Her. Drama Romance film"


def test_only_relations_to_what_interests_are_told() -> None:
    words = item_words(*of_films())
    assert words.kind is not None and words.kind.type == "HAS_GENRE"
    assert {relation.type for relation in words.relations} == {"HAS_KEYWORD", "DIRECTED_BY", "ACTED_IN"}
    coverages = [relation.coverage for relation in words.relations]
    assert coverages == sorted(coverages, reverse=True) and coverages[0] == pytest.approx(2 / 3)


def with_kinds(names: list[str], edges: list[tuple[int, int]], items: int) -> ItemWords:
    graph = graph_of(
        {"Film": {"id": [str(i) for i in range(items)], "title": ["T"] * items}, "Genre": {"name": names}},
        {("Film", "HAS_GENRE", "Genre"): edges},
    )
    schema = GraphSchema(
        item=ItemSchema(label="Film", id="id", title="title"), entities={"Genre": NAMED}, interests=("Genre",)
    )
    return item_words(graph, schema)


@pytest.mark.parametrize(
    ("names", "edges", "items", "is_kind"),
    [
        (["Drama", "War"], [(0, 0), (1, 1)], 4, True),
        (["Drama", "War"], [(0, 0)], 4, False),  # most films have none
        (["1980s", "1990s", "War"], [(0, 0), (1, 1), (2, 2)], 4, False),  # most are no words
        ([f"G{i}" for i in range(MAX_KINDS)], [(i, i) for i in range(MAX_KINDS)], MAX_KINDS, True),
        ([f"G{i}" for i in range(MAX_KINDS + 1)], [(i, i) for i in range(MAX_KINDS + 1)], MAX_KINDS, False),
    ],
)
def test_few_words_for_most_items_are_their_kind(
    names: list[str], edges: list[tuple[int, int]], items: int, is_kind: bool
) -> None:
    words = with_kinds(names, edges, max(items, len(edges)))
    assert (words.kind is not None) == is_kind
    assert len(words.relations) == (not is_kind)


def music() -> tuple[HeteroData, GraphSchema]:
    graph = graph_of(
        {
            "Artist": {"id": ["a1", "a2", "a3"], "name": ["Björk", "The Knife", "坂本龍一"]},
            "Tag": {"name": ["slow", "jazz"]},
        },
        {("Artist", "HAS_TAG", "Tag"): [(0, 0), (1, 0), (2, 1)]},
    )
    item = ItemSchema(label="Artist", id="id", title="name")
    return graph, GraphSchema(item=item, entities={"Tag": NAMED}, interests=("Artist", "Tag"))


def shop() -> tuple[HeteroData, GraphSchema]:
    graph = graph_of(
        {
            "OutdoorProduct": {
                "sku": ["p1", "p2"],
                "productName": ["Rain jacket", "Tent"],
                "description": ["Keeps the rain off.", None],
                "advice": ["Wash it cold.", "Dry it well."],
            },
            "Brand": {"name": ["Northwind", "Peak"]},
            "City": {"name": ["Oslo"]},
        },
        {
            ("OutdoorProduct", "MADE_BY", "Brand"): [(0, 0), (1, 1)],
            ("OutdoorProduct", "SOLD_IN", "City"): [(1, 0)],
        },
    )
    schema = GraphSchema(
        item=ItemSchema(label="OutdoorProduct", id="sku", title="productName", text=("description", "advice")),
        entities={"Brand": NAMED, "City": NAMED},
        interests=("OutdoorProduct", "Brand", "City"),
    )
    return graph, schema


def test_music_is_asked_for_in_its_own_words() -> None:
    words = item_words(*music())
    by_item = list(zip(*words.ask(), strict=True))
    assert by_item[0] == (
        "I am looking for a slow artist like Björk",
        "Can you recommend something like Björk? I like slow artists",
        "I am in the mood for a slow artist",
    )
    assert "I am looking for a jazz artist like 坂本龍一" in by_item[2]
    assert words.describe() == ["Björk. slow artist", "The Knife. slow artist", "坂本龍一. jazz artist"]


def test_a_shop_is_asked_in_its_own_words() -> None:
    words = item_words(*shop())
    assert words.noun == "outdoor product"
    by_item = list(zip(*words.ask(), strict=True))
    assert "I am looking for a northwind outdoor product like Rain jacket" in by_item[0]
    assert "I want a northwind outdoor product" in by_item[0]
    assert "I want a peak outdoor product sold in Oslo" in by_item[1]
    assert words.describe() == [
        "Rain jacket. Northwind outdoor product. Keeps the rain off. Wash it cold.",
        "Tent. Peak outdoor product. sold in Oslo. Dry it well.",
    ]


@pytest.mark.parametrize("domain", [of_films, music, shop])
def test_sentences_read_as_sentences(domain: Any) -> None:
    graph, schema = domain()
    templates = item_words(graph, schema).ask()
    assert len(templates) >= 3
    for sentence in (sentence for sentences in templates for sentence in sentences):
        assert not re.search(r"[{}\[\]_]|  |^\s|\s$|\b(a|and|like|by|in)$|None", sentence), sentence
        assert re.match(r"[A-Z]", sentence)


def test_without_a_kind_or_relations_titles_are_all_there_is_to_ask_by() -> None:
    assert default_templates(None, []) == [
        "I am looking for a {item}[ like {title}]",
        "Can you recommend something like {title}? I like {item}s",
        "I am in the mood for a {item}",
    ]


def test_every_relation_is_in_one_of_the_templates() -> None:
    words = item_words(*of_films())
    assert words.kind is not None
    templates = default_templates(words.kind, words.relations)
    assert templates == list(words.templates)
    for relation in words.relations:
        assert sum(f"[ {{{relation.type}}}]" in template for template in templates) == 1
    bare = default_templates(None, words.relations)
    assert not any("{kind}" in template for template in bare) and len(bare) == len(templates)


def about_both(type_: str = "ABOUT", asking: tuple[str, ...] = (), others: int = 4, **phrases: str) -> ItemWords:
    """Books about topics and places, over relations of one type, and `others` about nothing, too many to have a kind."""
    titles = ["Night", "Ran", "Emma", *(f"Book {number}" for number in range(others))]
    graph = graph_of(
        {
            "Book": {"id": list(map(str, range(len(titles)))), "title": titles},
            "Topic": {"name": ["war", "love", "grief", "sons"]},
            "Place": {"name": ["Paris", "Oslo"]},
        },
        {
            ("Book", type_, "Topic"): [(0, 0), (1, 0), (1, 1), (1, 2), (1, 3), (2, 1)],
            ("Book", type_, "Place"): [(0, 0), (1, 1)],
        },
    )
    schema = GraphSchema(
        item=ItemSchema(label="Book", id="id", title="title"),
        entities={"Topic": NAMED, "Place": NAMED},
        interests=("Topic", "Place"),
        phrases=phrases,
        asking=asking,
    )
    words = item_words(graph, schema)
    assert (words.kind is None) == (others > 3)
    return words


def test_neighbours_of_two_labels_over_one_type_are_all_named() -> None:
    words = about_both(asking=("I like books[ {ABOUT}]",), ABOUT="about {}")
    (asked,) = words.ask()
    assert asked[:2] == ["I like books about war and Paris", "I like books about war, Oslo and love"]
    assert asked[2:4] == ["I like books about love", "I like books"]
    assert words.describe()[1] == "Ran. about war, Oslo, love, grief and sons"
    generated = about_both(ABOUT="about {}")
    assert sum(template.count("{ABOUT}") for template in generated.templates) == 1
    # Without a phrase in the schema, each label has its own.
    assert about_both("TOPIC", ("Books {TOPIC}",)).ask()[0][0] == "Books with war topic Paris"


def test_the_kind_keeps_to_its_label_where_two_share_a_type() -> None:
    words = about_both(asking=("A [{kind} ]{item}[ {ABOUT}]",), others=1, ABOUT="about {}")
    assert words.ask() == [["A war book about Paris", "A war love grief book about Oslo", "A love book", "A book"]]


@pytest.mark.parametrize("type_", ["HAS-GENRE", "HAS GENRE", "类型", "genre.of"])
def test_types_of_any_characters_have_slots(type_: str) -> None:
    words = about_both(type_, (f"I like {{item}}s[ {{{type_}}}]",), **{type_: "with {}"})
    assert words.ask()[0][0] == "I like books with war and Paris"
    asked = [sentence for sentences in about_both(type_, **{type_: "with {}"}).ask() for sentence in sentences]
    assert any("with war and Paris" in sentence for sentence in asked)
    assert not any("{" in sentence or "[" in sentence for sentence in asked)


def test_a_type_with_braces_has_no_slot() -> None:
    words = about_both("A{B}[C]", **{"A{B}[C]": "with {}"})
    assert not any("{" in sentence or "[" in sentence for sentences in words.ask() for sentence in sentences)
    assert words.describe()[0] == "Night. with war and Paris"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ScienceFiction", "science fiction"),
        ("SCIENCE_FICTION", "science fiction"),
        ("Film", "film"),
        ("boardGame2Go", "board game2 go"),
        ("TV", "tv"),
        ("映画", "映画"),
    ],
)
def test_names_of_labels_and_types_become_words(name: str, words: str) -> None:
    assert in_words(name) == words
