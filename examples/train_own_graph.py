"""Train on a graph of one's own, and recommend from it.

    KG_REC_HOME=books-home python examples/train_own_graph.py [FOLDER [WORDS ...]]

FOLDER holds nodes/*.csv and relations/*.csv (docs/data.md). Without one, pandas frames of a bookshop become such a folder.
"""

import sys
from pathlib import Path

import pandas as pd

from kg_rec import Recommender

BOOKS = pd.DataFrame(
    [
        ("The Dispossessed", 1974, "Ursula K. Le Guin", "physics utopia", "A physicist leaves his moon for its twin."),
        ("A Wizard of Earthsea", 1968, "Ursula K. Le Guin", "magic sea", "A boy frees a shadow and must name it."),
        ("Solaris", 1961, "Stanislaw Lem", "sea loneliness", "An ocean that thinks sends visitors their memories."),
        ("The Cyberiad", 1965, "Stanislaw Lem", "robots humour", "Two builders of robots try to outdo each other."),
        ("Kindred", 1979, "Octavia E. Butler", "history slavery", "A woman is pulled back to her ancestors' farm."),
        ("Piranesi", 2020, "Susanna Clarke", "sea loneliness magic", "The diary of a house that has no end."),
        ("The Left Hand of Darkness", 1969, "Ursula K. Le Guin", "ice loneliness", "Two people cross a glacier."),
        ("Klara and the Sun", 2021, "Kazuo Ishiguro", "robots loneliness", "A machine made to be a friend."),
    ],
    columns=["title", "year", "author", "subjects", "blurb"],
)
BOUGHT = ["0 1 6", "2 5 6 7", "3 7", "0 4 6", "1 5", "2 3 7", "0 2 6", "4 5", "1 5 6", "2 6 7"]  # by ten readers


def books(folder: Path) -> Path:
    """Write the bookshop into a folder: one file for each label and each type of relation, named by its headers."""
    about = BOOKS.assign(subject=BOOKS.subjects.str.split()).explode("subject")
    bought = pd.DataFrame({"reader": range(len(BOUGHT)), "book": [row.split() for row in BOUGHT]}).explode("book")
    files = {
        "nodes/Book": BOOKS[["title", "year", "blurb"]].set_axis(["title:ID(Book)", "year:int", "blurb"], axis=1),
        "nodes/Author": BOOKS[["author"]].drop_duplicates().set_axis(["name:ID(Author)"], axis=1),
        "nodes/Subject": about[["subject"]].drop_duplicates().set_axis(["name:ID(Subject)"], axis=1),
        "nodes/Reader": bought[["reader"]].drop_duplicates().set_axis(["id:ID(Reader)"], axis=1),
        "relations/WRITTEN_BY": BOOKS[["title", "author"]].set_axis([":START_ID(Book)", ":END_ID(Author)"], axis=1),
        "relations/ABOUT": about[["title", "subject"]].set_axis([":START_ID(Book)", ":END_ID(Subject)"], axis=1),
        "relations/BOUGHT": bought.assign(book=BOOKS.title[bought.book.astype(int)].values).set_axis(
            [":START_ID(Reader)", ":END_ID(Book)"], axis=1
        ),
    }
    for name, frame in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


with Recommender.open() as recommender:
    recommender.load(sys.argv[1] if len(sys.argv) > 1 else books(recommender.settings.home / "books"))
    recommender.train()
    for words in sys.argv[2:] or ["a quiet, lonely book like Solaris, no robots", "something by Ursula K. Le Guin"]:
        print(f"\n{words}")
        for item in recommender.recommend(words, k=3):
            print(f"  {item.rank}. {item.title}: {item.why}")
