from __future__ import annotations

import pytest

from kg_rec.text.linker import strip_small_talk


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Hi, how are you? I would love a sad western. Thanks!", "I would love a sad western."),
        ("Hello I am looking for a sad western", "I am looking for a sad western"),
        ("hey there! good morning. any westerns? I haven't seen that one.", "any westerns?"),
        ("It's one of those slow westerns. That sounds great!", "It's one of those slow westerns."),
        ("I liked Up. What do you think?", "I liked Up."),
        ('He said "Great westerns!" Thank you.', 'He said "Great westerns!"'),
        ("Something from 1994? Sure.", "Something from 1994?"),
        ("Hallo! Mir geht es gut. Ich suche einen Krimi. Danke.", "Ich suche einen Krimi."),
        ("Bonjour, je cherche un western triste. Merci beaucoup !", "je cherche un western triste."),
        ("你好，我想看恐怖片。谢谢！", "我想看恐怖片。"),
        ("Hola, busco un western. Gracias.", "busco un western."),
        ("a sad western", "a sad western"),
        ("hello how are you", ""),
        ("Good morning! How are you today?", ""),
        ("!!! ...", ""),
        ("", ""),
    ],
)
def test_only_what_is_wanted_is_left(text: str, left: str) -> None:
    assert strip_small_talk(text) == left


def test_what_is_left_is_left_alone() -> None:
    text = "I would love a sad western, slow and with   much sky (like those of 1956) – no comedies."
    assert strip_small_talk(text) == text
    assert strip_small_talk(strip_small_talk("Hi! " + text)) == text
