// The neighbours of recommended items and of the items a person named: what they share is what explains.
// $ends    [keys] of items
// $items   beginning of items' keys, as "Book/"
// $people  beginning of people's keys, as "User/"; people are no neighbours here,
//          nor is what kg-rec published
// $titles  {label: property} that entities are called by; labels as keys begin with them
// returns  end: key of the item; type, out: the relation, and whether it leads from the item; middle, name: key and name of
//          the neighbour; degree: how many relations it has, those of kg-rec left out; size, items: number of entities and of items
//          in the graph
WITH COUNT { (:KGEntity) } AS size, COUNT { MATCH (item:KGEntity) WHERE item.key STARTS WITH $items } AS items
UNWIND $ends AS key
MATCH (end:KGEntity {key: key})-[relation]-(middle:KGEntity)
WHERE NOT relation:KG_SPEAKS_FOR AND coalesce(relation.by, '') <> 'kg-rec' AND NOT middle.key STARTS WITH $people
WITH DISTINCT size, items, key, type(relation) AS type, startNode(relation) = end AS out, middle
RETURN key AS end, type, out, middle.key AS middle, middle[$titles[split(middle.key, '/')[0]]] AS name,
       COUNT { (middle)--() } - COUNT { (middle)-[:KG_SPEAKS_FOR]-() }
       - COUNT { (middle)-[:SIMILAR_TO|INTERESTED_IN|KG_REACTED_TO {by: 'kg-rec'}]-() } AS degree, size, items
