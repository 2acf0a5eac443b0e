// How many of some entities are in the graph.
// $keys    [keys]
// returns  known
UNWIND $keys AS key
MATCH (entity:KGEntity {key: key})
RETURN count(entity) AS known
