"""What a text shows of a person, sentence by sentence: how names are said, and what is said for and against them."""

from __future__ import annotations

import numpy as np
import pytest

from kg_rec.errors import ShapeError
from kg_rec.interest import Interest
from kg_rec.text.encoder import HashEncoder
from kg_rec.text.linker import Linker
from kg_rec.text.names import LinkTarget, NameForms, year_in


def items(label: str, *names: str, popularity: float = 10.0) -> list[LinkTarget]:
    return [LinkTarget(f"{label}/{name}", label, name, (), year_in(name), popularity, is_item=True) for name in names]


def entities(label: str, *names: str) -> list[LinkTarget]:
    return [LinkTarget(f"{label}/{name}", label, name) for name in names]


FILMS = [
    *items("Movie", "Inception (2010)", "The Matrix (1999)", "Arrival (2016)", "Toy Story (1995)", popularity=90),
    *items("Movie", "Her (2013)", "Up (2009)", "Heat (1995)", "It (2017)", "It (1990)", "Nowhere (1997)", "Se7en (1995)"),
    *items("Movie", "Rocky V (1990)", "Kill Bill: Vol. 2 (2004)", "Blade Runner 2049 (2017)", "Twelve Monkeys (1995)"),
    *items("Movie", "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb (1964)"),
    *items("Movie", "Wave, The (Welle, Die) (2008)", "Amélie (Le Fabuleux Destin d'Amélie Poulain) (2001)"),
    *items("Movie", "Harry Potter and the Goblet of Fire (2005)", "Dune (2021)", "Dune (1984)", "RoboCop (1987)"),
    *items("Movie", "Harry Potter and the Half-Blood Prince (2009)", popularity=50),
    *items("Movie", "The Godfather: Part II (1974)", "Spider-Man (2002)", "Blazing Saddles (1974)", popularity=60),
    *items("Movie", "No Country for Old Men (2007)", "Never Let Me Go (2010)", "The Horse (1999)", "Love (2015)"),
    *items("Movie", "霸王别姬 (1993)", "七人の侍 (1954)", "Солярис (1972)", "기생충 (2019)"),
    *entities("Genre", "Horror", "Comedy", "Science Fiction", "Musical", "Western", "War", "Thriller", "Romance"),
    *entities("Genre", "Komödie", "恐怖片", "科幻", "Animation"),
    *entities("Keyword", "time travel", "love", "witch", "wolf", "horse", "clown", "sad story", "dark comedy"),
    *entities("Decade", "1980s", "2010s"),
    LinkTarget("Person/Fyodor Dostoevsky", "Person", "Fyodor Dostoevsky", ("Fjodor Dostojewski",)),
    *entities("Person", "Adam Sandler", "Tom Hanks", "Kate Winslet", "Robert Downey Jr.", "Anya Taylor-Joy"),
]  # fmt: skip
MUSIC = [
    *items(
        "Artist", "Sigur Rós", "AC/DC", "The Smiths", "The The", "R.E.M.", "Guns N' Roses", "Mötley Crüe", "N*E*R*D"
    ),
    *items("Artist", "Earth, Wind & Fire", "椎名林檎", "Blur", "Beyoncé", "T.I.", "U2", "Radiohead"),
    *items("Artist", "Nick Cave & The Bad Seeds", "Florence + the Machine"),
    *entities(
        "Tag", "melancholy", "punk", "post-punk", "trip-hop", "hip hop", "shoegaze", "female vocalists", "k-pop", "live"
    ),
]
SHOP = [
    *items("Product", "Stand Mixer KX-200", "Rice Cooker (small)", "Rice Cooker (large)", "Chef's Knife"),
    *items("Product", "Harbour: The Board Game"),
    *entities("Brand", "Nordfell", "Kettle & Co"),
    *entities("Category", "Leder", "board games", "coffee", "gardening", "outdoor cooking", "sci-fi models"),
]
DOMAINS = {"films": FILMS, "music": MUSIC, "shop": SHOP}
LINKERS: dict[str, Linker] = {}

SENTENCES: dict[str, dict[str, dict[str, tuple[int, str]]]] = {
    "films": {
        # Names in full, whatever their case, accents, articles, marks.
        "inception": {"Inception (2010)": (1, "inception")},
        "I LOVE THE MATRIX": {"The Matrix (1999)": (1, "THE MATRIX")},
        "Something like Matrix, please": {"The Matrix (1999)": (1, "Matrix")},
        "I loved spiderman": {"Spider-Man (2002)": (1, "spiderman")},
        "I loved Spider Man": {"Spider-Man (2002)": (1, "Spider Man")},
        "Robo Cop is my favourite": {"RoboCop (1987)": (1, "Robo Cop")},
        "I loved amelie": {"Amélie (Le Fabuleux Destin d'Amélie Poulain) (2001)": (1, "amelie")},
        "Le fabuleux destin d’Amelie Poulain": {
            "Amélie (Le Fabuleux Destin d'Amélie Poulain) (2001)": (1, "Le fabuleux destin d’Amelie Poulain")
        },
        # Among letters that have no capitals, a capital one tells of a name.
        "אהבתי את Arrival": {"Arrival (2016)": (1, "Arrival")},
        "أحببت Arrival": {"Arrival (2016)": (1, "Arrival")},
        "אהבתי את nowhere": {},
        "I liked The Wave": {"Wave, The (Welle, Die) (2008)": (1, "The Wave")},
        "Ich mag Die Welle": {"Wave, The (Welle, Die) (2008)": (1, "Die Welle")},
        "ｉｎｃｅｐｔｉｏｎ was great": {"Inception (2010)": (1, "ｉｎｃｅｐｔｉｏｎ")},
        # Numbers and parts.
        "Rocky 5 was fun": {"Rocky V (1990)": (1, "Rocky 5")},
        "I watched 12 Monkeys": {"Twelve Monkeys (1995)": (1, "12 Monkeys")},
        "The Godfather Part 2 is the best": {"The Godfather: Part II (1974)": (1, "The Godfather Part 2")},
        "godfather 2": {"The Godfather: Part II (1974)": (1, "godfather 2")},
        "godfather part two is even better": {"The Godfather: Part II (1974)": (1, "godfather part two")},
        "rocky 5 was better than I thought": {"Rocky V (1990)": (1, "rocky 5")},
        "I liked Kill Bill": {"Kill Bill: Vol. 2 (2004)": (1, "Kill Bill")},
        "I liked Kill Bill volume 2": {"Kill Bill: Vol. 2 (2004)": (1, "Kill Bill volume 2")},
        "I liked Dr. Strangelove": {
            "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb (1964)": (1, "Dr. Strangelove")
        },
        "I love Harry Potter": {"Harry Potter and the Half-Blood Prince (2009)": (1, "Harry Potter")},
        "The Goblet of Fire is the best": {"Harry Potter and the Goblet of Fire (2005)": (1, "The Goblet of Fire")},
        "I read goblet of fire again": {"Harry Potter and the Goblet of Fire (2005)": (1, "goblet of fire")},
        # Years tell namesakes apart; one that fits no item means none of them.
        "I liked It (1990)": {"It (1990)": (1, "It")},
        "I liked It (2017)": {"It (2017)": (1, "It")},
        "Dune from 1984": {"Dune (1984)": (1, "Dune")},
        "Dune (2021)": {"Dune (2021)": (1, "Dune")},
        "I enjoyed Dune (1950)": {},
        "I liked Inception (2010) and Heat (1995).": {"Inception (2010)": (1, "Inception"), "Heat (1995)": (1, "Heat")},
        "I saw Love War Story (2003)": {},
        # Words of every day are names where the writing says so.
        "it is up to her": {},
        "the heat here is hard to bear": {},
        "I have nowhere to go": {},
        "I really like Her": {"Her (2013)": (1, "Her")},
        "movies like Up": {"Up (2009)": (1, "Up")},
        "I watched “Heat” yesterday": {"Heat (1995)": (1, "Heat")},
        "I think Up was great": {"Up (2009)": (1, "Up")},
        "I adore Kate Winslet's Up, of course": {"Kate Winslet": (1, "Kate Winslet"), "Up (2009)": (1, "Up")},
        "Up was such a gentle little movie.": {"Up (2009)": (1, "Up")},
        "It was such a gentle little movie.": {},
        "Up was the sun when we left, no movie": {},
        "I liked the movie Love, and horror": {"Love (2015)": (1, "Love"), "Horror": (1, "horror")},
        "I really liked Heat Is Rising and other songs": {},
        "I loved Inception, Up and Arrival": {
            "Inception (2010)": (1, "Inception"), "Up (2009)": (1, "Up"), "Arrival (2016)": (1, "Arrival"),
        },
        # Genres, keywords, decades as people say them.
        "comedies and musicals": {"Comedy": (1, "comedies"), "Musical": (1, "musicals")},
        "witches, wolves": {"witch": (1, "witches"), "wolf": (1, "wolves")},
        "scifi from the 80's": {"Science Fiction": (1, "scifi"), "1980s": (1, "80's")},
        "sci-fi": {"Science Fiction": (1, "sci-fi")},
        "Sci Fi of the eighties": {"Science Fiction": (1, "Sci Fi"), "1980s": (1, "eighties")},
        "2010s romance": {"2010s": (1, "2010s"), "Romance": (1, "romance")},
        "animated films": {"Animation": (1, "animated")},
        "a dark comedy": {"dark comedy": (1, "dark comedy"), "Comedy": (1, "comedy")},
        "a film about love": {"love": (1, "love")},
        "a film about love and war": {"love": (1, "love"), "War": (1, "war")},
        "I love a weekend with horses": {"horse": (1, "horses")},
        "I would love a film": {},
        "something by Sandler or with Winslet": {"Adam Sandler": (1, "Sandler"), "Kate Winslet": (1, "Winslet")},
        "anya taylor joy": {"Anya Taylor-Joy": (1, "anya taylor joy")},
        # For and against.
        "No horror please": {"Horror": (-1, "horror")},
        "anything but musicals": {"Musical": (-1, "musicals")},
        "I like comedies but not horror": {"Comedy": (1, "comedies"), "Horror": (-1, "horror")},
        "I don't like horror, war or romance": {
            "Horror": (-1, "horror"), "War": (-1, "war"), "Romance": (-1, "romance"),
        },
        "I don't mind horror": {"Horror": (1, "horror")},
        "I don't hate musicals": {"Musical": (1, "musicals")},
        "Horror I don't like": {"Horror": (-1, "Horror")},
        "musicals are not my thing": {"Musical": (-1, "musicals")},
        "westerns and musicals bore me": {"Western": (-1, "westerns"), "Musical": (-1, "musicals")},
        "I hate horror. Comedies are fine": {"Horror": (-1, "horror"), "Comedy": (1, "Comedies")},
        "I hate horror, but I love westerns": {"Horror": (-1, "horror"), "Western": (1, "westerns")},
        "no horror, I like westerns": {"Horror": (-1, "horror"), "Western": (1, "westerns")},
        "No, I like comedies": {"Comedy": (1, "comedies")},
        "Nope. Horror": {"Horror": (1, "Horror")},
        "I'm tired of musicals and westerns": {"Musical": (-1, "musicals"), "Western": (-1, "westerns")},
        "a thriller without clowns": {"Thriller": (1, "thriller"), "clown": (-1, "clowns")},
        "neither horror nor war": {"Horror": (-1, "horror"), "War": (-1, "war")},
        "Isn't that with Tom Hanks?": {"Tom Hanks": (1, "Tom Hanks")},
        "Don't you have comedies?": {"Comedy": (1, "comedies")},
        "I like horror too, and comedies": {"Horror": (1, "horror"), "Comedy": (1, "comedies")},
        "nothing with Adam Sandler": {"Adam Sandler": (-1, "Adam Sandler")},
        "I loved No Country for Old Men and comedies": {
            "No Country for Old Men (2007)": (1, "No Country for Old Men"), "Comedy": (1, "comedies"),
        },
        "Never Let Me Go is great, with romance": {
            "Never Let Me Go (2010)": (1, "Never Let Me Go"), "Romance": (1, "romance"),
        },
        # Other languages.
        "Ich mag keine Musicals, aber Western": {"Musical": (-1, "Musicals"), "Western": (1, "Western")},
        "eine Horrorkomödie ohne Clown": {
            "Horror": (1, "Horrorkomödie"), "Komödie": (1, "Horrorkomödie"), "clown": (-1, "Clown"),
        },
        "Je n'aime pas les westerns": {"Western": (-1, "westerns")},
        "un thriller, mais pas de horror": {"Thriller": (1, "thriller"), "Horror": (-1, "horror")},
        "No me gusta el horror": {"Horror": (-1, "horror")},
        "我想看霸王别姬这样的电影": {"霸王别姬 (1993)": (1, "霸王别姬")},
        "我喜欢科幻，不要恐怖片": {"科幻": (1, "科幻"), "恐怖片": (-1, "恐怖片")},
        "七人の侍が大好きです": {"七人の侍 (1954)": (1, "七人の侍")},
        "기생충을 좋아해요": {"기생충 (2019)": (1, "기생충")},
        "Мне нравится Солярис": {"Солярис (1972)": (1, "Солярис")},
        # Slips.
        "I loved Incepton": {"Inception (2010)": (1, "Incepton")},
        "blazzing sadles": {"Blazing Saddles (1974)": (1, "blazzing sadles")},
        "Harry Poter and the Half-Blood Prince": {
            "Harry Potter and the Half-Blood Prince (2009)": (1, "Harry Poter and the Half-Blood Prince")
        },
        "blade runnner 2048": {},
        "anything with Tom Hans": {"Tom Hanks": (1, "Tom Hans")},
        "I like the House very much": {},
        "the half blood prinse is good": {
            "Harry Potter and the Half-Blood Prince (2009)": (1, "the half blood prinse")
        },
        "das ist etwas für Dostojewski": {"Fyodor Dostoevsky": (1, "Dostojewski")},
        "with tom hankss": {"Tom Hanks": (1, "tom hankss")},
        # Talk.
        "hi! how are you doing today?": {},
        "Thanks a lot, that was really helpful. Bye!": {},
        "I don't know what to watch": {},
        "": {},
        "?!... 🙂": {},
    },
    "music": {
        "sigur ros and beyonce": {"Sigur Rós": (1, "sigur ros"), "Beyoncé": (1, "beyonce")},
        "I like AC/DC, R.E.M. and Motley Crue": {
            "AC/DC": (1, "AC/DC"), "R.E.M.": (1, "R.E.M"), "Mötley Crüe": (1, "Motley Crue"),
        },
        "triphop": {"trip-hop": (1, "triphop")},
        "ACDC on full volume": {"AC/DC": (1, "ACDC")},
        "kpop": {"k-pop": (1, "kpop")},
        "no radiohead please": {"Radiohead": (-1, "radiohead")},
        "U2 bore me to death": {"U2": (-1, "U2")},
        "Nick Cave's voice": {"Nick Cave & The Bad Seeds": (1, "Nick Cave")},
        "Florence and the Machine": {"Florence + the Machine": (1, "Florence and the Machine")},
        "something melancholic": {"melancholy": (1, "melancholic")},
        "some post-punk": {"post-punk": (1, "post-punk")},
        "indie punk": {"punk": (1, "punk")},
        "Guns n Roses": {"Guns N' Roses": (1, "Guns n Roses")},
        "some trip hop like the smiths": {"trip-hop": (1, "trip hop"), "The Smiths": (1, "the smiths")},
        "Earth Wind and Fire": {"Earth, Wind & Fire": (1, "Earth Wind and Fire")},
        "椎名林檎が好きです": {"椎名林檎": (1, "椎名林檎")},
        "don't I know": {},
        "k pop, no hip-hop": {"k-pop": (1, "k pop"), "hip hop": (-1, "hip-hop")},
        "female vocalist with shoegaze": {"female vocalists": (1, "female vocalist"), "shoegaze": (1, "shoegaze")},
    },
    "shop": {
        "the KX-200 stand mixer": {},
        "Stand mixer KX 200": {"Stand Mixer KX-200": (1, "Stand mixer KX 200")},
        "a chefs knife from nordfell": {"Chef's Knife": (1, "chefs knife"), "Nordfell": (1, "nordfell")},
        "Kettle and Co, but no coffee": {"Kettle & Co": (1, "Kettle and Co"), "coffee": (-1, "coffee")},
        "une veste légère": {},
        "we loved the board game Harbour": {
            "board games": (1, "board game"), "Harbour: The Board Game": (1, "Harbour"),
        },
        "anything for outdoor cooking except gardening": {
            "outdoor cooking": (1, "outdoor cooking"), "gardening": (-1, "gardening"),
        },
    },
}  # fmt: skip


def linker_of(domain: str) -> Linker:
    if domain not in LINKERS:
        LINKERS[domain] = Linker(DOMAINS[domain])
    return LINKERS[domain]


@pytest.mark.parametrize(
    ("domain", "text", "expected"),
    [(domain, text, expected) for domain, some in SENTENCES.items() for text, expected in some.items()],
)
def test_sentence(domain: str, text: str, expected: dict[str, tuple[int, str]]) -> None:
    found = linker_of(domain).link(text)
    assert {interest.name: (interest.polarity, interest.evidence) for interest in found} == expected
    for interest in found:
        assert interest.entity == f"{interest.label}/{interest.name}"
        assert interest.source == "named"
        assert interest.span is not None
        assert text[slice(*interest.span)] == interest.evidence
        assert 0 < interest.score <= 1


def only(text: str, domain: str = "films") -> Interest:
    (found,) = linker_of(domain).link(text)
    return found


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("I loved The Matrix", 1.0),
        ("I loved Matrix", 0.97),
        ("some witches", 0.98),
        ("Rocky 5 was fun", 0.96),
        ("I loved spiderman", 0.95),
        ("I loved Incepton", 0.9),
        ("I love Harry Potter", 0.85),
        ("something with Winslet", 0.83),
        ("animated films", 0.7),
    ],
)
def test_the_further_from_the_name_the_less_sure(text: str, score: float) -> None:
    assert only(text).score == pytest.approx(score)


@pytest.mark.parametrize(
    "text",
    ["I haven't seen Inception", "I have never seen Inception", "I don't know Inception", "Inception I haven't seen",
     "我没看过 Inception"],
)  # fmt: skip
def test_what_somebody_does_not_know_is_no_dislike_and_says_little(text: str) -> None:
    found = only(text)
    assert (found.polarity, found.evidence) == (1, "Inception")
    assert found.score == pytest.approx(0.3)


def test_only_items_are_unknown() -> None:
    assert only("I haven't seen many westerns").score > 0.9


def test_heads_of_descriptions_count_less_and_point_at_their_own_words() -> None:
    whole, head = linker_of("films").link("I want a dark comedy")
    assert (whole.name, whole.evidence, whole.score) == ("dark comedy", "dark comedy", 1.0)
    assert (head.name, head.evidence) == ("Comedy", "comedy")
    assert head.score == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("I would watch anything with Frances McDormand in it", set()),
        ("I would watch anything from France", {"Country/France"}),
        ("I like the two Frances, and films about brothers", {"Country/France", "Keyword/brother"}),
        ("everything by the Coen brothers please", {"Tag/coen brothers"}),
        ("everything about warring brothers please", {"Tag/warring brothers", "Keyword/brother"}),
    ],
)
def test_part_of_a_name_is_no_name_by_itself(text: str, keys: set[str]) -> None:
    linker = Linker(
        [
            *FILMS,
            *entities("Country", "France"),
            *entities("Keyword", "brother"),
            *entities("Tag", "coen brothers", "warring brothers"),
        ]
    )
    assert {one.entity for one in linker.link(text)} == keys


def test_said_twice_the_surest_counts_then_the_last() -> None:
    linker = linker_of("films")
    (comedy,) = linker.link("I love comedy, comedies are fun")
    assert comedy.span == (7, 13)
    (horror,) = linker.link("I used to like horror. Now I hate horror")
    assert (horror.polarity, horror.span) == (-1, (34, 40))


def test_interests_come_in_the_order_of_the_text() -> None:
    found = linker_of("films").link("westerns, Inception, horror and something with Tom Hanks")
    assert [interest.label for interest in found] == ["Genre", "Movie", "Genre", "Person"]
    spans = [interest.span or (0, 0) for interest in found]
    assert spans == sorted(spans)


def test_an_item_and_another_entity_of_one_name() -> None:
    targets = [
        LinkTarget("Movie/1", "Movie", "Frozen", year=2013, popularity=5, is_item=True),
        LinkTarget("Movie/2", "Movie", "Solo", year=2018, popularity=5, is_item=True),
        LinkTarget("Movie/3", "Movie", "Drama", year=2010, popularity=5, is_item=True),
        LinkTarget("Movie/4", "Movie", "Alien", year=1979, popularity=5, is_item=True),
        LinkTarget("Keyword/alien", "Keyword", "alien"),
        LinkTarget("Genre/Drama", "Genre", "Drama"),
        LinkTarget("Genre/War", "Genre", "War", popularity=50),
    ]
    linker = Linker(targets)

    def linked(text: str) -> list[str]:
        return [interest.entity for interest in linker.link(text)]

    assert linked("I liked Alien (1979) a lot") == ["Movie/4"]
    assert linked('I liked "Alien" a lot') == ["Movie/4"]
    assert linked("I would like to see Alien again") == ["Movie/4"]  # the keyword is not written with a capital
    assert linked("I like alien movies") == ["Keyword/alien"]
    assert linked("give me a drama") == ["Genre/Drama"]


def test_namesakes_the_better_known_is_meant_where_no_year_says_otherwise() -> None:
    def namesakes(first: float, second: float) -> list[LinkTarget]:
        return [
            LinkTarget("Movie/old", "Movie", "Nosferatu", year=1922, popularity=first, is_item=True),
            LinkTarget("Movie/new", "Movie", "Nosferatu", year=2024, popularity=second, is_item=True),
        ]

    assert Linker(namesakes(1, 9)).link("I liked Nosferatu")[0].entity == "Movie/new"
    assert Linker(namesakes(9, 1)).link("I liked Nosferatu")[0].entity == "Movie/old"
    assert Linker(namesakes(9, 1)).link("I liked Nosferatu from 2024")[0].entity == "Movie/new"
    assert Linker(namesakes(9, 1)).link("I liked Nosferatu (2023)")[0].entity == "Movie/new"  # a year off is a slip


def test_last_names_stand_for_somebody_far_better_known_than_their_namesakes() -> None:
    def people(first: float, second: float) -> Linker:
        return Linker([
            LinkTarget("Person/Isla Winslet", "Person", "Isla Winslet", popularity=first),
            LinkTarget("Person/Kate Winslet", "Person", "Kate Winslet", popularity=second),
            LinkTarget("Person/Lars von Trier", "Person", "Lars von Trier"),
        ])  # fmt: skip

    assert [found.name for found in people(2, 9).link("with Winslet")] == ["Kate Winslet"]
    assert people(6, 9).link("with Winslet") == []
    assert [found.name for found in people(6, 9).link("with Isla Winslet")] == ["Isla Winslet"]


GENRES = ["Historical Fiction", "Young Adult", "Science Fiction", "Graphic Novel", "Short Stories", "True Crime"]
CATEGORIES = ["Home & Kitchen", "Office Products", "Pet Supplies", "Toys and Games", "Sports & Outdoors", "Video Games"]
PLACES = ["New York", "San Francisco", "Los Angeles", "Mexico City", "Hong Kong", "South Korea", "Saint Petersburg"]
BANDS = ["Arctic Monkeys", "Massive Attack", "Led Zeppelin", "Tame Impala", "Pink Floyd", "Depeche Mode", "Sonic Youth"]
PEOPLE = {
    "western": ["Kate Winslet", "Denis Villeneuve", "Al Pacino", "Will Smith", "Robert Downey Jr.", "Audrey Tautou"],
    "eastern": ["Hayao Miyazaki", "Akira Kurosawa", "Ang Lee", "Bong Joon-ho", "Zhang Yimou", "Michelle Yeoh"],
    "southern": [
        "Chimamanda Ngozi Adichie",
        "Gabriel García Márquez",
        "Salman Rushdie",
        "Satyajit Ray",
        "Naguib Mahfouz",
    ],
}


@pytest.mark.parametrize(
    ("label", "names", "personal"),
    [
        *(("X", names, True) for names in PEOPLE.values()),
        ("X", BANDS, True),
        ("X", GENRES, False),
        ("X", CATEGORIES, False),
        ("X", ["Home Kitchen", "Office Products", "Garden Tools"], False),
        ("X", ["Haus & Garten", "Sport und Freizeit", "Küche & Backen", "Spiele und Puzzles"], False),
        ("X", PLACES, False),
        ("X", ["time travel", "Space", "sad story"], False),
        # People with names of everyday words are only told by their label.
        ("X", ["John Smith", "Mary Young", "Will Rogers"], False),
        ("BookAuthor", ["John Smith", "Mary Young", "Will Rogers"], True),
        ("People", ["John Smith", "Mary Young", "Will Rogers"], True),
        ("作者", ["John Smith", "Mary Young", "Will Rogers"], True),
        ("Person", ["cook", "gardener"], False),
    ],
)
def test_people_are_told_from_capitalised_words(label: str, names: list[str], personal: bool) -> None:
    assert NameForms(entities(label, *names)).personal == (frozenset([label]) if personal else frozenset())


def test_capitalised_genres_are_inflected_shortened_and_found_near() -> None:
    linker = Linker(entities("Genre", *GENRES), HashEncoder(512), near=0.3)

    def linked(text: str) -> list[tuple[str, str]]:
        return [(found.name, found.source) for found in linker.link(text)]

    assert linked("graphic novels") == [("Graphic Novel", "named")]
    assert linked("a short story") == [("Short Stories", "named")]
    assert linked("some sci-fi") == [("Science Fiction", "named")]
    assert linked("historical fictions") == [("Historical Fiction", "named")]
    assert linked("historic fictional tales") == [("Historical Fiction", "near")]
    assert linked("adult") == []  # no last name


def test_what_stands_in_the_brackets_of_many_names_is_no_name() -> None:
    editions = items("Product", *(f"{name} (Gigantic)" for name in ("Kettlebell", "Dumbbell", "Barbell")))
    assert Linker(editions).link("I like Gigantic things") == []
    assert len(Linker(editions[:1]).link("I like Gigantic things")) == 1


def test_no_targets_no_interests() -> None:
    assert Linker([]).link("I loved Inception, no horror please") == []
    assert Linker([], HashEncoder(16)).link("I loved Inception, no horror please") == []
    assert Linker([LinkTarget("Tag/!", "Tag", "!?")]).link("what!?") == []


def test_two_thousand_words_with_their_places() -> None:
    text = (
        "Lorem ipsum dolor sit amet. " * 390 + "I loved Inception, but no horror and nothing with Adam Sandler, please."
    )
    assert len(text.split()) > 1900
    found = {interest.name: interest for interest in linker_of("films").link(text)}
    assert {name: interest.polarity for name, interest in found.items()} == {
        "Inception (2010)": 1, "Horror": -1, "Adam Sandler": -1,
    }  # fmt: skip
    for interest in found.values():
        assert interest.span is not None
        assert text[slice(*interest.span)] == interest.evidence


# Near in meaning: HashEncoder puts words that share parts near each other.

NEAR = [
    LinkTarget("Movie/Cake", "Movie", "Cake and loneliness", popularity=5, is_item=True),
    LinkTarget("Keyword/loneliness", "Keyword", "loneliness"),
    LinkTarget("Keyword/space travel", "Keyword", "space travel"),
    LinkTarget("Keyword/funny movie", "Keyword", "movie"),
    LinkTarget("Person/Tom Hanks", "Person", "Tom Hanks"),
]


def test_near_in_meaning_says_so_and_points_at_its_words() -> None:
    (found,) = Linker(NEAR, HashEncoder(512), near=0.3).link("something travelling spaceward, please")
    assert (found.name, found.source, found.polarity) == ("space travel", "near", 1)
    assert found.evidence == "travelling spaceward"
    assert found.span == (10, 30)
    assert 0.3 <= found.score < 1
    assert Linker(NEAR).link("something travelling spaceward, please") == []


def test_of_a_very_long_text_a_hundred_phrases_are_compared() -> None:
    asked: list[str] = []

    class Counting(HashEncoder):
        def encode(self, texts, progress=None):  # type: ignore[no-untyped-def]
            asked.extend(texts)
            return super().encode(texts, progress)

    linker = Linker(entities("Keyword", "time travel", "clown"), Counting())
    linker.link("x")
    asked.clear()
    linker.link(". ".join(f"gibbering{number} wombats{number}" for number in range(400)))
    assert 50 < len(asked) <= 101


def test_near_and_disliked() -> None:
    (found,) = Linker(NEAR, HashEncoder(512), near=0.3).link("no travelling spaceward please")
    assert (found.name, found.polarity) == ("space travel", -1)


def test_what_is_named_is_not_found_near_again() -> None:
    found = Linker(NEAR, HashEncoder(512), near=0.2).link("loneliness, and something lonelinzzk")
    assert [(interest.name, interest.source) for interest in found] == [("loneliness", "named")]


def test_items_people_and_other_words_for_items_are_never_near() -> None:
    linker = Linker(NEAR, HashEncoder(512), near=0.1)
    assert all(found.name not in ("Cake and loneliness", "Tom Hanks") for found in linker.link("cakes, tomes, hankies"))
    assert linker.link("any movie") == []
    assert linker.link("any movieness") == []


def test_words_for_labels_are_near_nothing() -> None:
    linker = Linker([LinkTarget("MusicGenre/generation", "MusicGenre", "generational")], HashEncoder(512), near=0.0)
    assert linker.link("which genre? genres?") == []
    assert [found.source for found in linker.link("genery")] == ["near"]


def test_at_most_five_are_near_the_nearest() -> None:
    words = ["umbrellas", "candlestick", "porcupine", "gooseberry", "thunderclap", "marzipan", "windmills"]
    linker = Linker(entities("Keyword", *words), HashEncoder(512), near=0.0)
    text = "; ".join(f"mostly {word[:5]}zzz" for word in words)
    found = linker.link(text)
    assert len(found) == 5
    assert {interest.source for interest in found} == {"near"}


def test_a_tag_on_two_items_also_says_what_is_far_better_known() -> None:
    def tags(popular: float) -> list[LinkTarget]:
        return [
            LinkTarget("Tag/horrors", "Tag", "horroresque", popularity=2),
            LinkTarget("Genre/Horror", "Genre", "horrors", popularity=popular),
        ]

    named, near = Linker(tags(500), HashEncoder(512), near=0.1).link("nothing horroresque")
    assert {(one.name, one.source, one.polarity, one.evidence) for one in (named, near)} == {
        ("horroresque", "named", -1, "horroresque"), ("horrors", "near", -1, "horroresque"),
    }  # fmt: skip
    assert [found.name for found in Linker(tags(10), HashEncoder(512), near=0.1).link("nothing horroresque")] == [
        "horroresque"
    ]


def test_given_vectors_are_used_and_must_fit() -> None:
    encoder = HashEncoder(64)
    vectors = encoder.encode([target.name for target in NEAR])
    text = "travelling spaceward in loneliness"
    assert Linker(NEAR, encoder, vectors, near=0.3).link(text) == Linker(NEAR, encoder, near=0.3).link(text)
    with pytest.raises(ShapeError, match=r"a row for each of 5 targets, found \(4, 64\)"):
        Linker(NEAR, encoder, vectors[:4])
    # Whatever the vectors say is near is near.
    swapped = np.roll(vectors, -1, axis=0)
    near = [found.name for found in Linker(NEAR, encoder, swapped, near=0.2).link("travelling spaceward")]
    assert near == ["loneliness"]


def test_many_texts_at_once_say_what_each_says() -> None:
    linker = Linker(NEAR, HashEncoder(64), near=0.2)
    texts = ["", "travelling spaceward", "loneliness", "hello", "no travelling spaceward"]
    assert linker.link_many(texts) == [linker.link(text) for text in texts]
    assert linker.link_many([]) == []


@pytest.mark.parametrize(
    ("text", "last_names"),
    [
        ("Tarantino, scorcese and Nolan", {"Tarantino": 0.83, "Scorsese": 0.75, "Nolan": 0.83}),
        ("scorcese, tarantino", {"Scorsese": 0.75, "Tarantino": 0.83}),
        ("Martin Scorcese", {"Scorsese": 0.9}),
        # Alone it is too little, and so it is beside what is no person.
        ("scorcese", {}),
        ("horror, scorcese", {}),
        ("tarantino met scorcese", {"Tarantino": 0.83}),
        ("tarantino and tarantula", {"Tarantino": 0.83}),
    ],
)
def test_a_misspelt_last_name_is_believed_in_a_list_with_another(text: str, last_names: dict[str, float]) -> None:
    people = ["Quentin Tarantino", "Martin Scorsese", "Christopher Nolan", "David Fincher", "Denis Villeneuve"]
    targets = [LinkTarget(f"Person/{name}", "Person", name, popularity=9.0) for name in people]
    linker = Linker([*targets, LinkTarget("Genre/Horror", "Genre", "Horror", popularity=50.0)])
    found = {one.name.split(" ")[1]: one.score for one in linker.link(text) if one.label == "Person"}
    assert found == last_names
