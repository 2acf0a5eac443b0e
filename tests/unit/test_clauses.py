"""For and against: what a text says of each of the names in it, marked <like this>."""

from __future__ import annotations

import re

import pytest

from kg_rec.text.clauses import Stance, stances
from kg_rec.text.lexicon import languages_of, lexicon
from kg_rec.text.words import Words

LIKED, DISLIKED, SOFTENED, UNSEEN = "+", "-", "~", "?"
SIGNS = {Stance.LIKED: LIKED, Stance.DISLIKED: DISLIKED, Stance.SOFTENED: SOFTENED, Stance.UNSEEN: UNSEEN}


def read(text: str) -> str:
    """Return one sign for each <name> of a text."""
    plain, places = "", []
    for part in re.split(r"(<[^>]*>)", text):
        if part.startswith("<"):
            places.append((len(plain), len(plain) + len(part) - 2))
        plain += part.strip("<>") if part.startswith("<") else part
    words = Words(plain)
    spans = [words.token_span(token, token + 1) for token in range(len(words.tokens))]
    named = []
    for begin, end in places:
        inside = [token for token, (start, stop) in enumerate(spans) if begin < stop and start < end]
        named.append((inside[0], inside[-1] + 1))
    found = stances(words, lexicon(languages_of(words)), named)
    return "".join(SIGNS[stance] for stance in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Liked, wanted, or just spoken of.
        ("<Horror>", "+"),
        ("I love <horror> and <war>", "++"),
        ("how about <horror>?", "+"),
        # A denial reaches as far as its list.
        ("no <horror>", "-"),
        ("no <horror>, <gore> or <violence>", "---"),
        ("no <horror>, <gore>", "-+"),
        ("no <horror> and <gore>", "--"),
        ("without <gore>、<horror>", "--"),
        ("no <horror>/<gore>", "--"),
        ("no <horror> in a <western>", "-+"),
        ("not another <serial> about <detectives>", "--"),
        ("nothing like <Dune> featuring <worms>", "--"),
        ("I don't watch <horror>, <gore>, <war>", "---"),
        ("I dont watch <horror>, <gore>, <war>", "---"),
        ("I hate <horror>, <gore>, <war>", "---"),
        ("I hate <horror>, <westerns> are fine", "-+"),
        ("something not gory like <Seven>", "+"),
        # A degree that is denied: less of it is wanted.
        ("not too <violent>", "~"),
        ("less <violence>", "~"),
        ("like <Heat> but less <violent>", "+~"),
        ("less <violence> and <gore>, please", "~~"),
        ("a less <violent> <thriller>", "~+"),
        ("nothing too <scary> and no <gore>", "~-"),
        ("no <gore>, and not so <slow>", "-~"),
        ("I hate <horror>, not too <slow> please", "-~"),
        ("too <violent>", "-"),
        ("nicht zu <brutal>", "~"),
        ("pas trop <violent>", "~"),
        ("menos <violencia>, por favor", "~"),
        ("anything but <horror>", "-"),
        ("everything except <horror> and <war>", "--"),
        # After a dislike, an exception is liked.
        ("I don't like <horror> except <The Shining>", "-+"),
        ("no <war> apart from <Dunkirk> and <Ran>", "-++"),
        ("nothing other than <horror>", "+"),
        ("keine <Horrorfilme> außer <Alien>", "-+"),
        ("pas d'<horreur> sauf <Alien>", "-+"),
        ("<comedies> rather than <horror>", "+-"),
        # It ends with the sentence, the contrast, the next clause.
        ("no <horror>. <Comedies>", "-+"),
        ("no <horror>! <Comedies>", "-+"),
        ("no <horror>\n<comedies>", "-+"),
        ("no <horror> - <comedies>", "-+"),
        ("I don't like <horror> but <comedies>", "-+"),
        ("<comedies> but not <horror>", "+-"),
        ("I hate <horror> and I like <comedies>", "-+"),
        ("I hate <horror> I want <comedies>", "-+"),
        ("not <horror>, just <comedies>", "-+"),
        ("I hate <horror>, something like <comedies>", "-+"),
        # Denied denials, and denials that deny nothing.
        ("I don't hate <horror>", "+"),
        ("I do not dislike <horror>", "+"),
        ("I don't mind <horror>", "+"),
        ("not only <horror> but also <war>", "++"),
        ("I can't wait for <Dune>", "+"),
        ("nothing beats <Dune>", "+"),
        ("I never skip <Dune>", "+"),
        ("I don't have enough <horror>", "+"),
        ("I have enough <horror>", "-"),
        ("I don't really like <horror>", "-"),
        ("I don't think I like <horror>", "-"),
        # Answers and questions.
        ("No, I like <horror>", "+"),
        ("No I like <horror>", "+"),
        ("Nope, <horror>", "+"),
        ("Isn't <Dune> with sand?", "+"),
        ("Didn't <Dune> have sand?", "+"),
        ("Didnt <Dune> have sand?", "+"),
        ("Didn't want <Dune>.", "-"),
        ("I said it. Don't you have <horror>?", "+"),
        # "Too" is of a quality, or in addition.
        ("I like <horror> too", "+"),
        ("I like <horror> too, and <comedies>", "++"),
        ("too <violent> for me", "-"),
        ("<horror> too and <war>", "++"),
        # Behind what it is about.
        ("<horror> I don't like", "-"),
        ("<horror> is not my thing", "-"),
        ("<horror> and <gore> are not my thing", "--"),
        ("<horror>, <gore> and <clowns> are not my thing", "---"),
        ("I like <war>, <horror> is not my thing", "+-"),
        ("<Dune> was terrible", "-"),
        ("I was disappointed by <Dune>", "-"),
        ("I gave up on <Dune>", "-"),
        ("I couldn't finish <Dune>", "-"),
        ("I like <war> films. <Dune> sucked", "+-"),
        ("<war>, I don't like to wait", "+"),
        ("I love <Dune>, couldn't stand clowns", "+"),  # what is not named is still what it is about
        # A pronoun where the object stands is about the clause before.
        ("My sister loves <horror>, I can't stand it", "-"),
        ("everybody likes <horror> and <gore>, but I hate them", "--"),
        ("I like <horror>. I hate it when it rains", "+"),
        ("I love <horror>, I can't stand this weather", "+"),
        ("Meine Frau liebt <Horror>, ich hasse das", "-"),
        # "No" right behind a name judges it; a capital begins another message.
        ("<horror> no, <comedies> yes", "-+"),
        ("<Klassik> ja, <Techno> nein", "+-"),
        ("I like <horror> No, I haven't seen that", "+"),
        ("I like <horror>, no <comedies>", "+-"),
        ("<Techno> kann ich nicht mehr hören", "-"),
        ("Von <Kafka> habe ich genug", "-"),
        # Not known.
        ("I haven't seen <Dune>", "?"),
        ("I haven't seen <Dune> or <Heat>", "??"),
        ("I have never seen <Dune>, but I love <Heat>", "?+"),
        ("<Dune> I haven't seen", "?"),
        # A phrase that reaches into a name says nothing.
        ("I want <No Country for Old Men>", "+"),
        ("<Never Let Me Go> and <Anything But Love>", "++"),
        # Other languages.
        ("Ich mag <Western>, aber keine <Musicals>", "+-"),
        ("Ich habe <Dune> nicht gesehen", "?"),
        ("Je n'aime pas <les westerns>, mais j'aime <la guerre>", "-+"),
        ("Je ne veux plus de films d'<horreur>", "-"),
        ("Je veux plus de films d'<horreur>", "+"),
        ("No me gustan <los musicales>", "-"),
        ("Non mi piacciono <i musical>", "-"),
        ("Ik hou niet van <musicals>", "-"),
        ("Não gosto de <musicais>", "-"),
        ("Я не люблю <ужасы>", "-"),
        ("我不喜欢<恐怖片>，喜欢<科幻>", "-+"),
        ("讨厌<嘻哈>，<摇滚>还可以", "-+"),
        ("讨厌<嘻哈>、<摇滚>", "--"),
        ("<恐怖片>就算了", "-"),
        ("<ホラー>は嫌いです", "-"),
        ("<공포>는 싫어요", "-"),
    ],
)  # fmt: skip
def test_stance(text: str, expected: str) -> None:
    assert read(text) == expected


def test_without_names_there_is_nothing_to_say() -> None:
    assert read("I hate everything") == ""
    assert stances(Words(""), lexicon(("en",)), []) == []
