from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from kg_rec.interest import Interest
from kg_rec.model.link_prediction import LinkPredictor, People, Shared

INDEX = {"Toy/0": 0, "Toy/1": 1, "Toy/2": 2, "Colour/Red": 3}


def predictor() -> LinkPredictor:
    return LinkPredictor(torch.tensor([0, 0, 0, 1]), item_label=0, labels=2, temperature=20.0).eval()


def people(*interests: list[Interest], text: np.ndarray | None = None) -> People:
    vectors = np.zeros((len(interests), 2), dtype=np.float32) if text is None else text
    return People.of(vectors, list(interests), INDEX)


def shared(one_hot: Tensor) -> Shared:
    """From the weights of entities to what the three toys share with them."""
    return (one_hot[:3] @ one_hot.T).matmul


def test_the_formula_by_hand() -> None:
    text = torch.tensor([[3.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    one_hot = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [0.2, 0.0, 1.0]])
    popularity = torch.tensor([0.3, -0.1, 0.0])
    words = np.array([[0.6, 0.8]], dtype=np.float32)
    crowd = people(
        [
            Interest("Toy/1", "Toy", "one", 0.9),
            Interest("Colour/Red", "Colour", "Red", 0.5, polarity=-1),
            Interest("Colour/Gone", "Colour", "Gone", 1.0),  # not in the model: left out
        ],
        text=words,
    )
    scores = predictor()(text, shared(one_hot), crowd, popularity)
    t = normalize(text)
    wish = torch.tensor([0.6, 0.8]) + 0.6 * 0.9 * t[1] - 0.25 * 0.5 * t[3]
    taste = 1.0 * 0.9 * one_hot[1] - 0.3 * 0.5 * one_hot[3]
    torch.testing.assert_close(scores.text[0], 20.0 * t[:3] @ normalize(wish, dim=0))
    torch.testing.assert_close(scores.graph[0], 1.0 * one_hot[:3] @ taste)
    torch.testing.assert_close(scores.total[0], scores.text[0] + scores.graph[0] + popularity)


def test_nobody_known_gets_the_popular() -> None:
    popularity = torch.tensor([0.3, -0.1, 0.0])
    scores = predictor()(torch.rand(4, 2), shared(torch.rand(4, 3)), people([]), popularity)
    torch.testing.assert_close(scores.total[0], popularity)


def test_what_was_learned_is_added_to_the_start() -> None:
    one_hot, popularity = torch.rand(4, 3), torch.zeros(3)
    crowd = people([Interest("Toy/1", "Toy", "one", 0.5), Interest("Colour/Red", "Colour", "Red", 1.0)])
    learned = predictor()
    with torch.no_grad():
        learned.nu_change.copy_(torch.tensor([0.25, -0.2]))
        learned.beta_change.fill_(-0.5)
    scores = learned(torch.rand(4, 2), shared(one_hot), crowd, popularity)
    taste = 1.25 * 0.5 * one_hot[1] + 0.1 * one_hot[3]
    torch.testing.assert_close(scores.graph[0], 0.5 * one_hot[:3] @ taste)
    with torch.no_grad():  # never less than nothing: what is liked does not speak against anything
        learned.nu_change.copy_(torch.tensor([-2.0, -0.2]))
    scores = learned(torch.rand(4, 2), shared(one_hot), crowd, popularity)
    torch.testing.assert_close(scores.graph[0], 0.5 * one_hot[:3] @ (0.1 * one_hot[3]))
    with torch.no_grad():
        learned.beta_change.fill_(-3.0)
    assert not learned(torch.rand(4, 2), shared(one_hot), crowd, popularity).graph.any()


def test_a_wish_is_the_words_and_what_they_name() -> None:
    text = torch.tensor([[3.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    named = [Interest("Toy/0", "Toy", "zero", 0.5), Interest("Colour/Red", "Colour", "Red", 1.0, polarity=-1)]
    words = np.array([[0.0, 1.0], [0.6, 0.8], [0.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    found = predictor().wish(text, people(named, [], named, [], text=words))
    both = torch.tensor([[0.6 * 0.5 - 0.25, 1.0], [0.6, 0.8], [1.0, 0.0], [0.0, 0.0]])
    torch.testing.assert_close(found, torch.cat([normalize(both[:1]), both[1:]]))


def test_people_are_selected_and_thinned() -> None:
    crowd = people([Interest("Toy/0", "Toy", "zero", 1.0)], [], [Interest("Toy/2", "Toy", "two", 0.5)])
    some = crowd.select(torch.tensor([2, 1]))
    assert some.person.tolist() == [0]
    assert some.entity.tolist() == [2]
    assert len(some) == 2
    generator = torch.Generator().manual_seed(0)
    assert len(crowd.thinned(1.0, generator).person) == 0
    assert len(crowd.thinned(0.0, generator).person) == 2
