"""Train on a graph of one's own, and recommend from it.

    KG_REC_HOME=books-home python examples/train_own_graph.py [FOLDER [WORDS ...]]

FOLDER holds nodes/*.csv and relations/*.csv (docs/data.md). Without one, it is a bookshop in pandas frames.
"""

import sys

import pandas as pd

from kg_rec import Graph, Recommender

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


def bookshop() -> Graph:
    """Return the bookshop: a frame for each label, with an id, and one for each type of relation, with both ends."""
    about = BOOKS.assign(subject=BOOKS.subjects.str.split()).explode("subject")
    bought = pd.DataFrame({"source": range(len(BOUGHT)), "target": [row.split() for row in BOUGHT]}).explode("target")
    return Graph.from_frames(
        nodes={
            "Book": BOOKS[["title", "year", "blurb"]].assign(id=BOOKS.title),
            "Author": pd.DataFrame({"id": BOOKS.author.unique(), "name": BOOKS.author.unique()}),
            "Subject": pd.DataFrame({"id": about.subject.unique(), "name": about.subject.unique()}),
            "Reader": pd.DataFrame({"id": range(len(BOUGHT))}),
        },
        relations={
            ("Book", "WRITTEN_BY", "Author"): BOOKS[["title", "author"]].set_axis(["source", "target"], axis=1),
            ("Book", "ABOUT", "Subject"): about[["title", "subject"]].set_axis(["source", "target"], axis=1),
            ("Reader", "BOUGHT", "Book"): bought.assign(target=BOOKS.title[bought.target.astype(int)].values),
        },
    )


with Recommender.open() as recommender:
    recommender.load(sys.argv[1] if len(sys.argv) > 1 else bookshop())
    recommender.train()
    for words in sys.argv[2:] or ["a quiet, lonely book like Solaris, no robots", "something by Ursula K. Le Guin"]:
        print(f"\n{words}")
        for item in recommender.recommend(words, k=3):
            print(f"  {item.rank}. {item.title}: {item.why}")
