"""The routes, and the application that holds them."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Header, Query, Request, Response
from fastapi import Path as InPath
from fastapi.staticfiles import StaticFiles

from kg_rec import __version__
from kg_rec.errors import InputError, KgRecError, UnknownEntityError
from kg_rec.graph.attach import Setting, person_key
from kg_rec.graph.events import Event
from kg_rec.nearest import items_like
from kg_rec.person import KnownPerson
from kg_rec.service import models
from kg_rec.service.about import About
from kg_rec.service.answers import Question, interest_as_json
from kg_rec.service.doors import Doors, may
from kg_rec.service.engine import Engine, Keeper
from kg_rec.service.limits import MOST_BYTES, MOST_SECONDS, Limits, Rate
from kg_rec.service.logs import RequestLog
from kg_rec.service.metrics import Metrics
from kg_rec.service.people import LONGEST_KEY, People
from kg_rec.service.problems import ProblemError, install
from kg_rec.service.traces import Traces
from kg_rec.text.masking import masked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from typing import TypeVar

    from kg_rec.graph.client import GraphClient
    from kg_rec.interest import Interest
    from kg_rec.service.answers import Answer, Served
    from kg_rec.service.graph import Graph
    from kg_rec.service.keys import KeyRing
    from kg_rec.settings import Settings

    _T = TypeVar("_T")

_PATIENCE = 60.0
"""Seconds that a request waits for the model to catch up with the graph."""

_CATCHING_UP = "Stored. The model is being brought up to date."

PAGE = Path(__file__).parent / "page"
"""The page, where there is one: its index.html is what / shows."""


@dataclass(frozen=True)
class Access:
    """Who may ask, and how much. local: whether only this machine reaches the service; needs_key: whether it asks for one;
    rate: requests a second for each caller, 0 for no limit.
    """

    ring: KeyRing
    local: bool = True
    needs_key: bool = False
    rate: float = 0.0
    most_bytes: int = MOST_BYTES
    most_seconds: float = MOST_SECONDS


class Service:
    """What the routes use: the engine, the graph, the metrics."""

    def __init__(
        self,
        settings: Settings,
        graph: Graph,
        served: Served,
        traces: Traces | None = None,
        *,
        follow: bool = False,
    ) -> None:
        self.settings = settings
        self.graph = graph
        self.about = About(settings)
        self.metrics = Metrics()
        self.traces = traces or Traces()
        graph.watch = self._watched
        self.engine = Engine(served, self.metrics)
        self.metrics.serves(served)
        self.metrics.graph.set_function(lambda: graph.reachable)
        self.keeper = Keeper(settings, graph, self.engine, self.metrics, follow=follow)

    @property
    def served(self) -> Served:
        """The model that answers now."""
        return self.engine.served

    async def people(self, request: Request, work: Callable[[People], _T]) -> _T:
        """Do something with the people of the graph; once, where the request has an Idempotency-Key."""
        schema = self.served.artifact.schema
        once = None
        given = request.headers.get("idempotency-key")
        if given is not None and request.method != "GET":
            once = await _once(request, given)

        def run(client: GraphClient) -> _T:
            return work(People(client, schema, once))

        return await self.graph.run(run)

    async def ask(self, request: Request, question: Question) -> Answer:
        """Return the answer of the engine; its times go to the log."""
        started = time.time_ns()
        found = await self.engine.ask(question)
        self.traces.stages(started, found.took)
        took = request.scope["state"].setdefault("took", {})
        for stage, seconds in found.took.items():
            took[stage] = took.get(stage, 0.0) + seconds
        self.metrics.answered(found, recommended=question.recommends and question.item is None)
        return found

    def catch_up(self) -> str:
        """Have the model brought up to date with the graph as it is now, without waiting, and return what to say of it."""
        self.keeper.catch_up()
        return _CATCHING_UP

    async def caught_up(self) -> str:
        """Wait until the model is in step with the graph as it is now, and return why not, where that takes too long or fails."""
        future = asyncio.wrap_future(self.keeper.catch_up())
        try:
            await asyncio.wait_for(asyncio.shield(future), _PATIENCE)
        except TimeoutError:
            return _CATCHING_UP
        except KgRecError:
            return "Stored. The model could not be brought up to date, the log says why; it is tried again. By hand: kg-rec sync"
        return ""

    def close(self) -> None:
        """End all threads; what is being answered is answered."""
        self.keeper.close()
        self.engine.close()
        self.graph.close()
        self.traces.close()

    @contextmanager
    def _watched(self, name: str) -> Iterator[None]:
        with self.traces.statement(name), self.metrics.watch(name):
            yield


def make_app(service: Service, access: Access) -> FastAPI:
    """Return the application. It closes `service` when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.keeper.start()
        yield
        await asyncio.to_thread(service.close)

    app = FastAPI(
        title="kg-rec",
        version=__version__,
        summary="From a person's own words to explained recommendations, live.",
        lifespan=lifespan,
        redoc_url=None,
        docs_url=None,
        responses={
            status: {"model": models.Problem, "description": told, "content": {"application/problem+json": {}}}
            for status, told in _PROBLEMS.items()
        },
    )
    app.state.service = service
    install(app)
    app.include_router(_health)
    app.include_router(_read)
    app.include_router(_write)
    app.include_router(_admin)
    if PAGE.is_dir():
        app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    # The last one added sees a request first: it is given its id, then let in, then measured.
    app.add_middleware(
        Limits,
        most_bytes=access.most_bytes,
        most_seconds=access.most_seconds,
        slow={"/v1/items": access.most_seconds + _PATIENCE},
    )
    app.add_middleware(Doors, ring=access.ring, needs_key=access.needs_key, local=access.local, rate=Rate(access.rate))
    app.add_middleware(RequestLog, metrics=service.metrics)
    app.add_middleware(service.traces.around)
    return app


_PROBLEMS = {
    401: "A key is missing, or not known.",
    403: "The key may not do this.",
    413: "The body is too large.",
    422: "Something in the request is not in order; `errors` says what and where.",
    429: "Too many requests.",
    503: "Too much is waiting, or the graph cannot be reached. Retry-After says when to try again.",
}


async def _service(request: Request) -> Service:
    found: Service = request.app.state.service
    return found


async def _may_read(request: Request) -> None:
    may("read", request)


async def _may_write(request: Request) -> None:
    may("write", request)


async def _may_administer(request: Request) -> None:
    may("admin", request)


async def _person_id(person: Annotated[str, InPath(max_length=1000, examples=["alice"])]) -> str:
    if any(character < " " or character == "\x7f" for character in person) or not person.strip():
        raise InputError("person: expected an id without control characters, and not empty.")
    return person


async def _item_name(item: Annotated[str, InPath(max_length=1000, description="Id, key or title of an item.")]) -> str:
    return item


Serving = Annotated[Service, Depends(_service)]
Person = Annotated[str, Depends(_person_id)]
Item = Annotated[str, Depends(_item_name)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=LONGEST_KEY,
        description="Any text of your own. The same request with the same key is done once, however often it is sent.",
    ),
]

_health = APIRouter(tags=["health"])
_read = APIRouter(prefix="/v1", tags=["read"], dependencies=[Depends(_may_read)])
_write = APIRouter(prefix="/v1", tags=["write"], dependencies=[Depends(_may_write)])
_admin = APIRouter(prefix="/v1", tags=["admin"], dependencies=[Depends(_may_administer)])


@_health.get("/health/live", summary="Whether the process runs", response_model=dict[str, str])
async def live() -> dict[str, str]:
    """Answer as soon as it listens."""
    return {"status": "live"}


@_health.get("/health/ready", summary="Whether it can answer, and what is away", response_model=models.Health)
async def ready(service: Serving) -> models.Health:
    """Answer 200 as long as words can be answered; `parts` says whether the graph can be reached as well."""
    graph = service.graph.reachable
    parts = {
        "model": service.served.artifact.version,
        "graph": "reachable" if graph else "away: nothing can be stored or read about people",
        "paths": "there" if service.served.around is not None else "missing: the graph has not been read yet",
    }
    return models.Health(status="ready" if graph else "degraded", parts=parts)


@_health.get("/metrics", summary="For Prometheus", dependencies=[Depends(_may_read)], response_class=Response)
async def metrics(service: Serving) -> Response:
    """Return all metrics as text."""
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@_read.post("/recommend", summary="Recommend to words, or to a person", response_model=models.Recommendations)
async def recommend(
    request: Request,
    service: Serving,
    body: Annotated[
        models.Recommend,
        Body(
            openapi_examples={
                "words": {"value": {"words": "Something quiet and sad, like Arrival. No horror please.", "k": 5}},
                "a person of the graph": {"value": {"user": "alice", "where": ["year>=2000"]}},
                "interests that were changed": {
                    "value": {
                        "words": "Something quiet and sad.",
                        "interests": [{"entity": "Genre/Horror", "polarity": -1, "score": 0.5}],
                    }
                },
            }
        ),
    ],
) -> Response:
    """Recommend to somebody nobody has seen before. Nothing is stored.

    `words`, or a `user` of the graph; `interests`, where they are given, take the place of those found in the words or stored.
    Items that the interests point to, and those that a person knows, are never among the results.
    """
    if (body.words is not None and body.user is not None) or (body.words, body.user, body.interests) == (None,) * 3:
        raise InputError("Expected words, a user or interests, and words and a user not together.")
    known = await _known(request, service, body.user) if body.user is not None else None
    question = Question(
        masked(body.words) if body.words is not None else None,
        body.interests,
        known,
        body.k,
        body.where,
        body.exclude,
        body.diversity,
    )
    found = await service.ask(request, question)
    return _json(
        {
            "interests": found.interests,
            "items": found.items,
            "notes": found.notes,
            "model": found.version,
            "took_ms": _milliseconds(found),
        }
    )


@_read.post("/understand", summary="The interests that words show", response_model=models.Understood)
async def understand(
    request: Request,
    service: Serving,
    body: Annotated[
        models.Understand,
        Body(
            openapi_examples={"words": {"value": {"words": "Something quiet and sad, like Arrival. No horror please."}}}
        ),
    ],
) -> Response:
    """Return the interests with the places in the words that they come from, for marking them. Nothing is stored."""
    found = await service.ask(request, Question(masked(body.words), k=0))
    return _json({"interests": found.interests, "model": found.version, "took_ms": _milliseconds(found)})


@_read.get("/about", summary="What is served", response_model=models.About)
async def about(service: Serving) -> Response:
    """Return what a page has to know before anybody has said a word."""
    return _json(await asyncio.to_thread(service.about.tell, service.served))


@_read.get("/entities", summary="Entities by name", response_model=models.EntitiesAnswer)
async def entities(
    service: Serving,
    q: Annotated[str, Query(max_length=200, description="What was typed of a name.", examples=["horr"])],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    label: Annotated[str | None, Query(max_length=200, description="Only those with this label.")] = None,
) -> Response:
    """Return what an interest may point to, by the beginning of its name or something like it, the best known first."""
    found = await asyncio.to_thread(service.served.names.find, q, limit, label)
    return _json({"entities": found})


@_read.get("/similar/{item:path}", summary="The items nearest to one", response_model=models.SimilarAnswer)
async def similar(service: Serving, item: Item, k: Annotated[int, Query(ge=1, le=models.MOST_ITEMS)] = 10) -> Response:
    """Return the items nearest to one in text, graph, and who liked them, each with what the two have in common."""
    served = service.served
    found = await asyncio.to_thread(lambda: items_like(served.artifact, served.similarity, served.row_of(item), k=k))
    return _json({"to": found.to, "items": [asdict(one) for one in found], "model": served.artifact.version})


@_read.get("/people/{person}", summary="All that is stored about a person", response_model=models.PersonData)
async def data(request: Request, service: Serving, person: Person) -> Response:
    """Return interests with their evidence, events, and interactions that came with the graph."""
    return _json(await service.people(request, lambda people: people.data(person)))


@_read.get("/people/{person}/interests", summary="A person's interests", response_model=models.PersonAnswer)
async def interests(request: Request, service: Serving, person: Person) -> Response:
    """Return the interests, those that the person set first, then the strongest."""
    return _interests(person, await service.people(request, lambda people: people.interests(person)))


@_read.get("/people/{person}/why/{item:path}", summary="Why an item, or why not", response_model=models.FoundItem)
async def why(request: Request, service: Serving, person: Person, item: Item) -> Response:
    """Return what speaks for an item with this person, whether it is recommended to them or not."""
    known = await _known(request, service, person)
    served = service.served
    row = served.row_of(item)
    found = await service.ask(request, Question(person=known, item=served.artifact.model.entities.keys[row]))
    return _json(found.items[0])


@_write.put("/people/{person}", summary="Attach a person by their words", response_model=models.PersonAnswer)
async def attach(
    request: Request,
    service: Serving,
    person: Person,
    body: Annotated[
        models.Attach,
        Body(openapi_examples={"words": {"value": {"words": "I loved Arrival. No horror please.", "k": 5}}}),
    ],
    _: IdempotencyKey = None,
) -> Response:
    """Make a person a node of the graph, with an edge to each thing their words show an interest in.

    Again with other words replaces what was found in these, and keeps what the person set. The words themselves are not stored:
    only those that are evidence of an interest, without e-mail addresses, phone and card numbers.
    """
    words = masked(body.words)
    # Refused before anything is read or written.
    person_key(service.served.artifact.schema, person)
    read = await service.ask(request, Question(words, k=0, encode=True))
    artifact = service.served.artifact
    stored, known = await service.people(
        request, lambda people: people.attach(person, read, artifact.encoder, artifact.model.entities)
    )
    told = {"person": person, "interests": [interest_as_json(one) for one in _placed(stored, read.linked)]}
    if not body.k:
        return _json(told)
    found = await service.ask(request, Question(words, person=known, k=body.k, read=read))
    extra = {"items": found.items, "notes": found.notes, "model": found.version}
    return _json(told | extra | {"took_ms": _milliseconds(found, request)})


@_write.patch("/people/{person}/interests", summary="Set and take away interests", response_model=models.PersonAnswer)
async def change(
    request: Request,
    service: Serving,
    person: Person,
    body: Annotated[
        models.ChangeInterests,
        Body(
            openapi_examples={
                "both": {"value": {"set": [{"entity": "Horror", "polarity": -1}], "remove": ["Genre/Comedy"]}}
            }
        ),
    ],
    _: IdempotencyKey = None,
) -> Response:
    """Set interests as the person says themselves, and take others away, all or none; return those they have now."""
    settings = [Setting(one.entity, one.polarity, one.score) for one in body.set]

    def write(people: People) -> list[Interest]:
        try:
            return people.change(person, settings, body.remove)
        except UnknownEntityError as error:
            raise InputError(error.message, remedy=error.remedy) from error

    return _interests(person, await service.people(request, write))


@_write.delete("/people/{person}/interests", summary="Take all interests away", status_code=204)
async def clear(request: Request, service: Serving, person: Person, _: IdempotencyKey = None) -> Response:
    """Take all interests of a person away; what they did with items stays."""
    await service.people(request, lambda people: people.clear(person))
    return Response(status_code=204)


@_write.delete("/people/{person}", summary="Leave nothing of a person", status_code=204)
async def erase(request: Request, service: Serving, person: Person, _: IdempotencyKey = None) -> Response:
    """Take interests and events away, and the node if it was made for the person. Somebody of the loaded graph keeps theirs."""
    await service.people(request, lambda people: people.erase(person))
    return Response(status_code=204)


@_write.post("/people/{person}/events", summary="What a person did with items", response_model=models.EventsAnswer)
async def record(
    request: Request,
    service: Serving,
    person: Person,
    body: Annotated[
        models.Events,
        Body(
            openapi_examples={
                "several": {
                    "value": {
                        "events": [
                            {"item": "Her", "kind": "liked"},
                            {"item": "Alien", "kind": "rated", "value": 2.5},
                            {"item": "Contact", "kind": "seen"},
                        ]
                    }
                }
            }
        ),
    ],
    _: IdempotencyKey = None,
) -> Response:
    """Record what a person did; it counts from the next answer on. Somebody who is not there yet is made a node of the graph.

    `liked`, `disliked` and `rated` are taste; what was `seen` is not recommended again; what was `skipped` sinks.
    """
    events = _events(service.served, body.events)
    await service.people(request, lambda people: people.record(person, events))
    for event in events:
        service.metrics.events.labels(event.kind).inc()
    return _json({"person": person, "recorded": len(events)})


@_write.delete("/people/{person}/events/{item:path}", summary="Take back what was done with an item", status_code=204)
async def forget(request: Request, service: Serving, person: Person, item: Item, _: IdempotencyKey = None) -> Response:
    """Take away all that a person did with an item, as if it had not been."""
    served = service.served
    key = served.artifact.model.entities.keys[served.row_of(item)]
    await service.people(request, lambda people: people.forget(person, key))
    return Response(status_code=204)


@_admin.post(
    "/items",
    summary="Add items to the graph",
    status_code=201,
    response_model=models.ItemsAnswer,
    responses={202: {"model": models.ItemsAnswer, "description": "Stored; the model has not caught up yet."}},
)
async def add(
    request: Request,
    service: Serving,
    body: Annotated[
        models.NewItems,
        Body(
            openapi_examples={
                "one": {
                    "value": {
                        "items": [
                            {
                                "id": "seven-umbrellas",
                                "title": "Seven Umbrellas",
                                "words": "A meteorologist cannot stop the rain over one small town.",
                                "properties": {"year": 2026},
                                "relations": [
                                    {"type": "HAS_GENRE", "entity": "Drama"},
                                    {"type": "HAS_KEYWORD", "entity": "Keyword/small town"},
                                ],
                            }
                        ]
                    }
                }
            }
        ),
    ],
    _: IdempotencyKey = None,
    prefer: Annotated[str | None, Header(max_length=200, description="`respond-async` (RFC 7240).")] = None,
) -> Response:
    """Add items with their words and relations, all or none, and synchronise the model.

    They are nodes of the graph like all others. The answer comes when they can be recommended, after as long as `kg-rec sync`
    takes; items of several requests at once share that. With `Prefer: respond-async` it comes when they are stored, with 202.
    """
    keys = await service.people(request, lambda people: people.add_items(body.items, service.served.artifact))
    later = prefer is not None and "respond-async" in prefer.casefold()
    note = service.catch_up() if later else await service.caught_up()
    served = service.served
    known = all(key in served.artifact.model.entities.index for key in keys)
    told = {"items": keys, "recommendable": known, "model": served.artifact.version, "note": "" if known else note}
    return _json(told, 201 if known else 202)


async def _once(request: Request, given: str) -> tuple[str, bytes]:
    """Return what a write is claimed by: the key, for this caller alone, and the whole of the request."""
    if not given.strip():
        raise ProblemError(422, "Idempotency-Key: expected some text, found none.", kind="invalid")
    key = request.scope["state"]["key"]
    content = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return f"{key.name if key else ''}\n{given}", content


async def _known(request: Request, service: Service, user: str) -> KnownPerson:
    model = service.served.artifact.model
    return await service.people(request, lambda people: people.known(user, model.entities))


def _events(served: Served, told: Sequence[models.NewEvent]) -> list[Event]:
    """Return events by the keys of items. Raises InputError where an item is not known, or a title is that of several."""
    events = []
    for place, one in enumerate(told):
        try:
            row = served.row_of(one.item)
        except (InputError, UnknownEntityError) as error:
            raise InputError(f"events[{place}].item: {error.message}", remedy=error.remedy) from error
        events.append(Event(served.artifact.model.entities.keys[row], one.kind, one.value))
    return events


def _placed(stored: Sequence[Interest], linked: Sequence[Interest]) -> list[Interest]:
    """Return stored interests with the places in the words that they were found in."""
    from dataclasses import replace

    spans = {interest.entity: interest.span for interest in linked}
    return [replace(one, span=spans.get(one.entity)) for one in stored]


def _interests(person: str, found: Sequence[Interest]) -> Response:
    return _json({"person": person, "interests": [interest_as_json(one) for one in found]})


def _milliseconds(found: Answer, request: Request | None = None) -> dict[str, float]:
    took = found.took if request is None else request.scope["state"].get("took", found.took)
    return {stage: round(1000 * seconds, 2) for stage, seconds in took.items()}


def _json(content: Any, status: int = 200) -> Response:
    # Written as it is: what comes from the model is known to fit the schema, and to check ten items takes a millisecond.
    return Response(json.dumps(content, ensure_ascii=False, allow_nan=False), status, media_type="application/json")
