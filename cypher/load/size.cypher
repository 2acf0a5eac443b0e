// How large the graph is.
// returns  nodes: entities; relations: from entities
RETURN COUNT { (:KGEntity) } AS nodes, COUNT { (:KGEntity)-->() } AS relations
