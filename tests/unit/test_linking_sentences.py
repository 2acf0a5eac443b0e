"""Sentences as people write them, in three domains, and what they say of the graph: names, polarity and the very words."""

from __future__ import annotations

import pytest

from kg_rec.text.encoder import HashEncoder
from kg_rec.text.linker import Linker
from kg_rec.text.names import LinkTarget


def item(
    label: str, name: str, year: int | None = None, popularity: float = 10.0, aliases: tuple[str, ...] = ()
) -> LinkTarget:
    key = f"{label}/{name}" + (f" {year}" if year else "")
    return LinkTarget(key, label, name, aliases, year, popularity, is_item=True)


def entities(label: str, *names: str) -> list[LinkTarget]:
    return [LinkTarget(f"{label}/{name}", label, name) for name in names]


FILMS = [
    item("Film", "Arrival", 2016),
    item("Film", "Inception", 2010, 90),
    item("Film", "The Matrix", 1999, 80),
    item("Film", "Her", 2013),
    item("Film", "It", 2017),
    item("Film", "It", 1990, 5),
    item("Film", "Heat", 1995),
    item("Film", "Up", 2009),
    item("Film", "Amélie", 2001, aliases=("Le Fabuleux Destin d'Amélie Poulain",)),
    item("Film", "Rocky II", 1979),
    item("Film", "Schindler's List", 1993),
    item("Film", "Crouching Tiger, Hidden Dragon", 2000, aliases=("卧虎藏龙",)),
    item("Film", "Star Wars: Episode IV - A New Hope", 1977, 95),
    item("Film", "Sherlock Holmes", 2009),
    item("Film", "The Shawshank Redemption", 1994, 99),
    item("Film", "Blazing Saddles", 1974),
    *entities("Genre", "Horror", "Comedy", "Science Fiction", "Documentary", "Musical", "Western", "War"),
    *entities("Keyword", "time travel", "loneliness", "redemption", "slow-paced"),
    *entities("Decade", "1980s", "1940s"),
    *entities("Person", "Adam Sandler", "Denis Villeneuve", "Tom Hanks", "Hayao Miyazaki", "Sofia Coppola"),
]
MUSIC = [
    item("Artist", "Radiohead"),
    item("Artist", "Björk"),
    item("Artist", "AC/DC"),
    item("Artist", "The Smiths"),
    *entities("Tag", "trip-hop", "shoegaze", "female vocalists", "electronic", "heavy metal"),
]
SHOP = [
    item("Product", "Stand Mixer KX-200"),
    item("Product", "Cast Iron Pan"),
    *entities("Brand", "Nordfell", "Kettle & Co"),
    *entities("Category", "baking", "coffee", "knives", "outdoor cooking"),
]

SENTENCES: list[tuple[list[LinkTarget], str, dict[str, tuple[int, str]]]] = [
    (FILMS, "I loved Arrival", {"Arrival": (1, "Arrival")}),
    (FILMS, "i loved INCEPTION and the matrix", {"Inception": (1, "INCEPTION"), "The Matrix": (1, "the matrix")}),
    (FILMS, "Something like Matrix please", {"The Matrix": (1, "Matrix")}),
    (FILMS, "I loved Amelie", {"Amélie": (1, "Amelie")}),
    (FILMS, "J'ai adoré Le Fabuleux Destin d'Amélie Poulain", {"Amélie": (1, "Le Fabuleux Destin d'Amélie Poulain")}),
    (FILMS, "Rocky 2 was great", {"Rocky II": (1, "Rocky 2")}),
    (FILMS, "schindlers list", {"Schindler's List": (1, "schindlers list")}),
    (FILMS, "movies like It (2017)", {"It 2017": (1, "It")}),
    (FILMS, "movies like It (1990)", {"It 1990": (1, "It")}),
    (FILMS, "it was up to her to feel the heat", {}),
    (FILMS, 'I really liked "Her"', {"Her": (1, "Her")}),
    (FILMS, "I like Star Wars", {"Star Wars: Episode IV - A New Hope": (1, "Star Wars")}),
    (FILMS, "我喜欢卧虎藏龙这样的电影", {"Crouching Tiger, Hidden Dragon": (1, "卧虎藏龙")}),
    (FILMS, "I loved Incepton", {"Inception": (1, "Incepton")}),
    (FILMS, "Sherlok Holms please", {"Sherlock Holmes": (1, "Sherlok Holms")}),
    (FILMS, "I enjoyed Shawshenk Redemption", {"The Shawshank Redemption": (1, "Shawshenk Redemption")}),
    (FILMS, "slow-paced science fiction", {"slow-paced": (1, "slow-paced"), "Science Fiction": (1, "science fiction")}),
    (FILMS, "comedies from the 80s", {"Comedy": (1, "comedies"), "1980s": (1, "80s")}),
    (FILMS, "any good documentaries?", {"Documentary": (1, "documentaries")}),
    (FILMS, "No horror please", {"Horror": (-1, "horror")}),
    (FILMS, "I hate musicals. I love westerns", {"Musical": (-1, "musicals"), "Western": (1, "westerns")}),
    (FILMS, "anything but horror", {"Horror": (-1, "horror")}),
    (FILMS, "I like comedies but not Adam Sandler", {"Comedy": (1, "comedies"), "Adam Sandler": (-1, "Adam Sandler")}),
    (FILMS, "war without horror", {"War": (1, "war"), "Horror": (-1, "horror")}),
    (FILMS, "Ich mag Arrival, aber keine Musicals", {"Arrival": (1, "Arrival"), "Musical": (-1, "Musicals")}),
    (FILMS, "un documentary sans horror", {"Documentary": (1, "documentary"), "Horror": (-1, "horror")}),
    (FILMS, "films with Tom Hanks about loneliness", {"Tom Hanks": (1, "Tom Hanks"), "loneliness": (1, "loneliness")}),
    (FILMS, "hello, how are you?", {}),
    (FILMS, "Thanks, that sounds great!", {}),
    (FILMS, "", {}),
    (MUSIC, "i listen to radiohead and bjork", {"Radiohead": (1, "radiohead"), "Björk": (1, "bjork")}),
    (MUSIC, "AC/DC and some trip hop", {"AC/DC": (1, "AC/DC"), "trip-hop": (1, "trip hop")}),
    (MUSIC, "shoegaze with female vocalists, no heavy metal", {
        "shoegaze": (1, "shoegaze"), "female vocalists": (1, "female vocalists"), "heavy metal": (-1, "heavy metal"),
    }),
    (SHOP, "I need something for baking from Nordfell", {"baking": (1, "baking"), "Nordfell": (1, "Nordfell")}),
    (SHOP, "my cast-iron pan is great for outdoor cooking", {
        "Cast Iron Pan": (1, "cast-iron pan"), "outdoor cooking": (1, "outdoor cooking"),
    }),
    (SHOP, "not another coffee machine, knives", {"coffee": (-1, "coffee"), "knives": (1, "knives")}),
]  # fmt: skip


def ending(entity: str) -> str:
    return entity.partition("/")[2]


@pytest.mark.parametrize(("targets", "text", "expected"), SENTENCES, ids=[text for _, text, _ in SENTENCES])
def test_sentence(targets: list[LinkTarget], text: str, expected: dict[str, tuple[int, str]]) -> None:
    found = Linker(targets).link(text)
    told = {ending(interest.entity): (interest.polarity, interest.evidence) for interest in found}
    by_name = {interest.name: (interest.polarity, interest.evidence) for interest in found}
    for name, stance in expected.items():
        assert told.get(name, by_name.get(name)) == stance, told
    assert len(found) == len(expected), told
    for interest in found:
        assert interest.span is not None
        assert text[slice(*interest.span)] == interest.evidence
        assert 0 < interest.score <= 1


def test_what_was_not_seen_is_no_dislike_and_says_little() -> None:
    (unseen,) = Linker(FILMS).link("I haven't seen Inception")
    (liked,) = Linker(FILMS).link("I loved Inception")
    assert unseen.polarity == 1
    assert unseen.score < liked.score / 2


def test_misspelt_names_are_less_sure() -> None:
    (misspelt,) = Linker(FILMS).link("I loved Incepton")
    assert misspelt.score == pytest.approx(0.9)


def test_entities_near_in_meaning_are_found_by_their_vectors() -> None:
    linker = Linker(FILMS, HashEncoder(256), near=0.2)
    found = linker.link("stories about lonelyness and travels in time")
    near = {interest.name for interest in found if interest.source == "near"}
    assert near & {"loneliness", "time travel"}
    assert all(not interest.entity.startswith("Film/") for interest in found)


def test_many_texts_give_what_each_gives_alone() -> None:
    linker = Linker(FILMS, HashEncoder(64))
    texts = ["I loved Arrival", "", "No horror please, comedies"]
    assert linker.link_many(texts) == [linker.link(text) for text in texts]


def test_two_thousand_words() -> None:
    text = "I would like a comedy with Tom Hanks, and no horror at all, rather something slow and warm. " * 120
    found = {interest.name: interest.polarity for interest in Linker(FILMS).link(text)}
    assert found["Comedy"] == 1
    assert found["Tom Hanks"] == 1
    assert found["Horror"] == -1
