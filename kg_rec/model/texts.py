"""What the text block starts from: the vectors of everything that has words, before anything is carried over the graph.

An item is the mean of its asking sentences and its bare title, plus a part of its description; any other entity is its name
with its running text. With each vector goes a digest of the words it stands for, so that after a change of the graph only those
are encoded whose words have changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.model.features import entity_texts
from kg_rec.model.signals import unit_rows
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.model.features import Entities
    from kg_rec.schema import GraphSchema
    from kg_rec.text.asking import Form, ItemWords
    from kg_rec.text.encoder import TextEncoder

DIGEST_BYTES = 16


@dataclass(frozen=True)
class Texts:
    """vectors: of what is said of each entity, [N, T]; names: of the bare names, [N, T]; digests: of what is said, uint8
    [N, 16]; form: in which it is said.
    """

    vectors: NDArray[np.float32]
    names: NDArray[np.float32]
    digests: NDArray[np.uint8]
    form: Form

    @property
    def wordy(self) -> NDArray[np.int64]:
        """Rows whose vector is another than that of the name: the items, and what has running text."""
        return np.flatnonzero((self.vectors != self.names).any(axis=1))


@dataclass(frozen=True)
class Encoded:
    """texts; rows: of those that were encoded now; asking: vectors of the asking sentences of the items among them, one after
    the other, [S, T]; besides: vectors of what was encoded along with them.
    """

    texts: Texts
    rows: NDArray[np.int64]
    asking: NDArray[np.float32]
    besides: NDArray[np.float32]


def encode_texts(
    graph: HeteroData,
    schema: GraphSchema,
    entities: Entities,
    words: ItemWords,
    encoder: TextEncoder,
    *,
    description: float,
    before: tuple[Entities, Texts] | None = None,
    besides: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Encoded:
    """Encode everything that has words, or what of it is not among `before`.

    description: weight of an item's description beside the mean of its asking sentences; before: entities and texts of the graph
    as it was; besides: texts to be encoded in the same go. Raises EncoderError.
    """
    count = entities.item_count
    texts = entity_texts(graph, schema, entities)
    digests = _digests(words, texts, count)
    dim = before[1].names.shape[1] if before else encoder.dim
    vectors = np.zeros((len(entities), dim), dtype=np.float32)
    names = vectors.copy()
    changed, renamed = np.ones((2, len(entities)), dtype=bool)
    if before is not None:
        known, old = before
        rows = np.array([known.index.get(key, -1) for key in entities.keys], dtype=np.int64)
        there = np.flatnonzero(rows >= 0)
        same = there[(old.digests[rows[there]] == digests[there]).all(axis=1)]
        vectors[same], changed[same] = old.vectors[rows[same]], False
        called = there[[known.names[rows[row]] == entities.names[row] for row in there.tolist()]]
        names[called], renamed[called] = old.names[rows[called]], False
    items = np.flatnonzero(changed[:count]).tolist()
    others = [row for row in (count + np.flatnonzero(changed[count:])).tolist() if texts[row] != entities.names[row]]
    named = np.flatnonzero(renamed).tolist()
    asked, described = words.ask(items), words.describe(items)
    everything = [
        *(one for sentences in asked for one in sentences),
        *described,
        *(texts[row] for row in others),
        *(entities.names[row] for row in named),
        *besides,
    ]
    found = encoder.encode(everything, progress=progress.step("Encoding", len(everything), "texts"))
    sizes = [len(asked) * len(items), len(items), len(others), len(named)]
    asking, descriptions, own, called_now, beside = np.split(found, np.cumsum(sizes))
    names[named] = called_now
    bare = count + np.flatnonzero(changed[count:])
    vectors[bare] = names[bare]
    vectors[others] = own
    sentences = unit_rows(asking.reshape(len(asked), len(items), dim).sum(axis=0) + names[items])
    vectors[items] = unit_rows(sentences + description * descriptions)
    return Encoded(Texts(vectors, names, digests, words.form), np.flatnonzero(changed), asking, beside)


def _digests(words: ItemWords, texts: Sequence[str], item_count: int) -> NDArray[np.uint8]:
    """Return the digests of what is said of each entity, [N, 16]; texts: of those that are no item."""
    others = (
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
        for text in texts[item_count:]
    )
    found = b"".join([*words.digests(), *others])
    return np.frombuffer(found, dtype=np.uint8).reshape(-1, DIGEST_BYTES).copy()
