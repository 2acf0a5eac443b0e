"""Take the graph as `HeteroData`, and go one's own way: a plain PyTorch Geometric training loop, nothing of kg-rec's model.

python examples/own_training_loop.py      # takes the sample graph into the home, KG_REC_HOME
"""

import torch
from torch_geometric.nn import SAGEConv, to_hetero
from torch_geometric.transforms import ToUndirected

from kg_rec import Recommender, export_graph
from kg_rec.sample import sample_folder

RATED, REVERSED = ("User", "RATED", "Film"), ("Film", "rev_RATED", "User")


class GraphSage(torch.nn.Module):  # for one type of nodes; to_hetero makes one for all types from it
    def __init__(self, size: int):
        super().__init__()
        self.first, self.second = SAGEConv((-1, -1), size), SAGEConv((-1, -1), size)

    def forward(self, x, edge_index):
        return self.second(self.first(x, edge_index).relu(), edge_index)


torch.manual_seed(0)
with Recommender.open() as recommender:
    recommender.load(sample_folder())
    graph = export_graph(recommender.client, recommender.schema)

liked = graph[RATED].edge_index[:, torch.from_numpy(graph[RATED].properties["rating"] >= 4)]
test, known = liked[:, torch.randperm(liked.size(1))].tensor_split([liked.size(1) // 10], dim=1)
for label in graph.node_types:  # the export brings keys and properties; which features to learn from is up to us
    del graph[label].key, graph[label].properties
    graph[label].x = torch.nn.init.xavier_uniform_(torch.empty(graph[label].num_nodes, 32))
for triple in graph.edge_types:
    del graph[triple].properties
graph = ToUndirected()(graph)
model = to_hetero(GraphSage(32), graph.metadata())


def embed(edges):  # with these ratings as the only ones in the graph
    graph[RATED].edge_index, graph[REVERSED].edge_index = edges, edges.flip(0)
    return model(graph.x_dict, graph.edge_index_dict)


embed(known)  # the layers find out their sizes
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(40):
    messages, (users, films) = known[:, torch.randperm(known.size(1))].tensor_split(2, dim=1)  # never both at once
    z = embed(messages)
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(z["User"][users] @ z["Film"].T, films)
    loss.backward()
    optimizer.step()

z = embed(known)
scores = z["User"] @ z["Film"].T
scores[known[0], known[1]] = -torch.inf
places = (scores[test[0]] > scores[test[0], test[1]][:, None]).sum(dim=1)
print(f"loss {loss:.3f}; of {len(places)} likes left out {(places < 50).float().mean():.0%} are among the first 50")
