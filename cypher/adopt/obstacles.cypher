// What is in the way of adopting: nodes with a property that kg-rec would write, without the id that the schema names, or with
// the id of another node; and relations that would be taken for interests.
// $labels  [labels] to adopt; of a node with several, the first here counts
// $ids     {label: property with the id, or ''}
// $needed  [labels] whose nodes cannot be adopted without the id
// returns  problem: 'key', 'id', 'twice' or 'interest'; label; count: how many nodes, or relations; example: an id
MATCH (node)
WHERE NOT node:KGEntity AND any(label IN $labels WHERE label IN labels(node))
WITH node, head([label IN $labels WHERE label IN labels(node)]) AS label
WITH node, label, toStringOrNull(node[$ids[label]]) AS id
WITH CASE WHEN node.key IS NOT NULL THEN 'key' WHEN id IS NULL AND label IN $needed THEN 'id' END AS problem, label
WHERE problem IS NOT NULL
RETURN problem, label, count(*) AS count, null AS example
UNION ALL
MATCH (node)
WHERE any(label IN $labels WHERE label IN labels(node))
WITH node, head([label IN $labels WHERE label IN labels(node)]) AS label
WITH label, toStringOrNull(node[$ids[label]]) AS id
WHERE id IS NOT NULL
WITH label, id, count(*) AS count
WHERE count > 1
RETURN 'twice' AS problem, label, sum(count) AS count, min(id) AS example
UNION ALL
MATCH (source)-[interest:INTERESTED_IN]->()
WHERE interest.polarity IS NULL OR NOT source:KGEntity
WITH count(*) AS count
WHERE count > 0
RETURN 'interest' AS problem, null AS label, count, null AS example
