"""How fast `kg-rec convert` is, and in how much memory, for a generated MovieLens of many ratings:

    python benchmarks/convert.py --ratings 2000000

Each size is converted in a process of its own. Printed are seconds, lines a second of the processor's time and the most memory.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ITEMS = USERS = 20_000
CONVERT = "import sys; from kg_rec.convert import convert; convert(sys.argv[1], sys.argv[2])"


def write_source(folder: Path, ratings: int) -> None:
    """Write movies.csv and ratings.csv with as many ratings; the same for each seed."""
    chance = random.Random(0)
    with (folder / "movies.csv").open("w", encoding="utf-8") as file:
        file.write("movieId,title,genres\n")
        file.writelines(f'{item},"Item {item}, The ({1950 + item % 70})",Drama|Comedy\n' for item in range(ITEMS))
    with (folder / "ratings.csv").open("w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n")
        for number in range(ratings):
            item, half_stars = chance.randrange(ITEMS), chance.randint(1, 10)
            file.write(f"{number % USERS},{item},{half_stars / 2},{1_000_000_000 + number}\n")


def measure(ratings: int) -> None:
    """Convert a source with as many ratings, and print what it took."""
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "source"
        source.mkdir()
        write_source(source, ratings)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        subprocess.run([sys.executable, "-c", CONVERT, source, Path(temporary) / "graph"], check=True)
        seconds = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"{ratings:>12,} ratings  {seconds:6.1f} s  {(ratings + ITEMS) / busy:9,.0f} lines a second of the processor's "
            f"time  {after.ru_maxrss / 1024:6.0f} MB at most"
        )


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--ratings", type=int, default=2_000_000)
    most = options.parse_args().ratings
    for size in (most // 10, most):  # the largest last: the memory is the most of all so far
        measure(size)
