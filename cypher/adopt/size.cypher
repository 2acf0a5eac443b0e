// How much would go if adopting was undone.
// returns  nodes: how many were adopted; people: how many were attached
RETURN COUNT { (:KGEntity) } - COUNT { (:KGPerson) } AS nodes, COUNT { (:KGPerson) } AS people
