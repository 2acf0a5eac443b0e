"""The queue before the model: what waits is answered together, each by itself, and by one model from start to end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from film_graphs import SCHEMA, artifact_of, two_tastes

from kg_rec.errors import InputError, KgRecError
from kg_rec.graph.surroundings import Snapshot
from kg_rec.person import KnownPerson
from kg_rec.service import engine as engines
from kg_rec.service.answers import CHANGED, WITHOUT_PATHS, Answer, Question, Served, answer
from kg_rec.service.engine import MOST_TOGETHER, Engine
from kg_rec.service.metrics import Metrics
from kg_rec.service.models import WantedInterest
from kg_rec.service.problems import BusyError, ProblemError
from kg_rec.text.encoder import HashEncoder


@pytest.fixture(scope="module")
def served() -> Served:
    graph = two_tastes()
    return Served(artifact_of(graph, steps=2), HashEncoder(), Snapshot(graph, SCHEMA))


@pytest.fixture
def engine(served: Served) -> Iterator[Engine]:
    made = Engine(served, Metrics())
    yield made
    made.close()


def words_of(served: Served) -> list[str]:
    return [f"something like {name}" for name in served.artifact.model.entities.names[:5]] + ["", "nothing known"]


def one(served: Served, question: Question) -> Answer:
    (found,) = answer(served, [question])
    assert isinstance(found, Answer), found
    return found


def keys(found: Any) -> list[str]:
    assert isinstance(found, Answer), found
    return [item["key"] for item in found.items]


def test_each_answer_is_that_to_the_question_alone(served: Served) -> None:
    questions = [Question(words, k=k) for words in words_of(served) for k in (1, 5)]
    questions.insert(3, Question("x", where=["nothing=1"]))
    together = answer(served, questions)
    assert isinstance(together[3], InputError)
    for question, found in zip(questions, together, strict=True):
        if not isinstance(found, KgRecError):
            assert keys(found) == keys(one(served, question)) and len(found.items) == question.k
            assert {"link", "encode", "rank", "explain"} == set(found.took)


def test_what_was_read_before_is_not_read_again(served: Served) -> None:
    words = words_of(served)[0]
    read = one(served, Question(words, k=0, encode=True))
    assert read.items == [] and read.vector.any() and read.linked
    person = KnownPerson("ann", read.linked, "", set(), True)

    class Unused:
        dim = served.encoder.dim

        def encode(self, *_: Any) -> Any:
            raise AssertionError("encoded again")

    again = replace(served, encoder=Unused())  # type: ignore[arg-type]
    again.__dict__["linker"] = None
    again.__dict__["linker"] = type("None", (), {"link_many": staticmethod(lambda texts: [[] for _ in texts])})
    assert keys(one(again, Question(words, person=person, read=read))) == keys(one(served, Question(words)))


def test_only_to_understand_costs_no_vector(served: Served) -> None:
    found = one(served, Question(words_of(served)[0], k=0))
    assert found.interests and not found.vector.any() and not found.notes and "rank" not in found.took


def test_what_a_person_knows_is_hidden_and_what_they_skipped_sinks(served: Served) -> None:
    words = words_of(served)[0]
    first = one(served, Question(words, k=10))
    entities = served.artifact.model.entities
    known, skipped = (entities.index[item["key"]] for item in first.items[:2])
    person = KnownPerson("ann", first.linked, words, {known}, True, {skipped: 3.0})
    after = one(served, Question(person=person, k=24))
    assert first.items[0]["key"] not in keys(after)
    told = next(item for item in after.items if item["key"] == first.items[1]["key"])
    assert told["parts"]["dislikes"] == pytest.approx(first.items[1]["parts"]["dislikes"] - 3)
    alone = one(served, Question(person=person, item=first.items[0]["key"]))
    assert keys(alone) == [first.items[0]["key"]] and alone.items[0]["rank"] is None


def test_interests_that_are_given_win(served: Served) -> None:
    label = served.artifact.schema.interests[1]
    rows = [row for row, one in enumerate(served.artifact.model.entities.labels) if one == label]
    key = served.artifact.model.entities.keys[rows[0]]
    found = one(served, Question(words_of(served)[0], [WantedInterest(entity=key, score=0.5, polarity=-1)]))
    assert [(each["key"], each["polarity"], each["score"]) for each in found.interests] == [(key, -1, 0.5)]
    none = one(served, Question(words_of(served)[0], []))
    assert none.interests == [] and none.items


def test_items_are_found_by_key_id_and_title(served: Served) -> None:
    entities = served.artifact.model.entities
    ids = served.artifact.properties["filmId"]
    for name in (entities.keys[3], str(ids[3]), entities.names[3], entities.names[3].upper()):
        assert 3 in served.rows_of(name)
    with pytest.raises(ProblemError, match="exclude: There is no Film") as refused:
        served.allowed([], ["nothing of the kind", entities.keys[3], "nor this"])
    assert [one["where"] for one in refused.value.errors] == ["body.exclude.0", "body.exclude.2"]
    given = [WantedInterest(entity=key) for key in (entities.keys[0], "Genre/none", "Genre/neither")]
    with pytest.raises(ProblemError, match=r"interests\[1\]\.entity: .*'Genre/none'") as refused:
        served.wanted(given, [])
    assert [one["where"] for one in refused.value.errors] == ["body.interests.1.entity", "body.interests.2.entity"]
    allowed = served.allowed([], [entities.keys[3]])
    assert allowed is not None and not allowed[3] and allowed.sum() == entities.item_count - 1


def test_notes_tell_what_an_answer_is_without(served: Served) -> None:
    words = words_of(served)[0]
    without = Served(served.artifact, served.encoder, None, changed=True)
    found = one(without, Question(words))
    assert found.notes[-2:] == [WITHOUT_PATHS, CHANGED]
    assert not found.items[0]["path"] and found.items[0]["why"] == ""
    assert keys(found) == keys(one(served, Question(words)))


def test_what_waits_is_answered_together(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def slowly(served: Served, questions: Sequence[Question]) -> Any:
        sizes.append(len(questions))
        begun.set()
        assert go.wait(30)
        return answer(served, questions)

    monkeypatch.setattr(engines, "answer", slowly)

    async def ask() -> list[Answer]:
        first = asyncio.create_task(engine.ask(Question("something", k=1)))
        await asyncio.to_thread(begun.wait, 30)
        others = [asyncio.create_task(engine.ask(Question("something", k=1))) for _ in range(MOST_TOGETHER + 3)]
        await asyncio.sleep(0)
        go.set()
        return await asyncio.gather(first, *others)

    found = asyncio.run(ask())
    assert sizes == [1, MOST_TOGETHER, 3] and len(found) == MOST_TOGETHER + 4
    assert all(each.took["queue"] >= 0 for each in found)


def test_too_many_are_told_to_come_again_and_those_who_left_are_not_answered(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(served, Metrics(), most_waiting=2)
    begun, go = threading.Event(), threading.Event()
    answered: list[Question] = []

    def slowly(served: Served, questions: Sequence[Question]) -> Any:
        begun.set()
        assert go.wait(30)
        answered.extend(questions)
        return answer(served, questions)

    monkeypatch.setattr(engines, "answer", slowly)

    async def ask() -> None:
        first = asyncio.create_task(engine.ask(Question("first", k=1)))
        await asyncio.to_thread(begun.wait, 30)
        second, third = (asyncio.create_task(engine.ask(Question(words, k=1))) for words in ("second", "third"))
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="2 requests wait") as caught:
            await engine.ask(Question("fourth", k=1))
        assert caught.value.headers["Retry-After"] == "1"
        second.cancel()
        go.set()
        await asyncio.gather(first, third)

    asyncio.run(ask())
    engine.close()
    assert [question.words for question in answered] == ["first", "third"]


def test_a_defect_is_told_to_who_asked_and_the_next_is_answered(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    async def ask() -> Answer:
        with monkeypatch.context() as patch:
            patch.setattr(engines, "answer", broken)
            with pytest.raises(ZeroDivisionError):
                await engine.ask(Question("x", k=1))
        return await engine.ask(Question("x", k=1))

    assert len(asyncio.run(ask()).items) == 1


def test_metrics_say_which_model_answers_and_hold_no_words(served: Served) -> None:
    metrics = Metrics()
    metrics.serves(served)
    metrics.serves(
        replace(served, artifact=replace(served.artifact, version="v2", created="2026-01-01T00:00:00+00:00"))
    )
    text = metrics.text().decode()
    assert 'kgrec_model{version="v2"} 1.0' in text and "kgrec_model_swaps_total 1.0" not in text
    metrics.serves(replace(served, artifact=replace(served.artifact, version="v3")))
    text = metrics.text().decode()
    assert 'version="v2"' not in text and "kgrec_model_swaps_total 1.0" in text
