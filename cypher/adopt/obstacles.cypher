// What is in the way of adopting: nodes with a property that kg-rec would write, without the id that the schema names, or with
// the id of another node.
// $labels   [labels] to adopt
// $ranks    {label: number}   place of each in $labels, from 0; of a node with several labels the first counts
// $ids      {label: property with the id, or ''}
// $needed   [labels] whose nodes cannot be adopted without the id
// $longest  largest size of an id, in characters; a longer one is none
// returns   problem: 'key', 'id' or 'twice'; label; count: how many nodes; example: an id
MATCH (node)
WHERE NOT node:KGEntity
WITH node, $labels[reduce(first = size($labels), label IN labels(node) |
  CASE WHEN $ranks[label] < first THEN $ranks[label] ELSE first END)] AS label
WHERE label IS NOT NULL
WITH node, label, toStringOrNull(node[$ids[label]]) AS id
WITH CASE WHEN node.key IS NOT NULL THEN 'key'
            WHEN label IN $needed AND (id IS NULL OR size(id) > $longest) THEN 'id' END AS problem, label
WHERE problem IS NOT NULL
RETURN problem, label, count(*) AS count, null AS example
UNION ALL
MATCH (node)
WHERE NOT node:KGPerson
WITH node, $labels[reduce(first = size($labels), label IN labels(node) |
  CASE WHEN $ranks[label] < first THEN $ranks[label] ELSE first END)] AS label
WHERE label IS NOT NULL
WITH label, toStringOrNull(node[$ids[label]]) AS id
WHERE id IS NOT NULL
WITH label, id, count(*) AS count
WHERE count > 1
RETURN 'twice' AS problem, label, sum(count) AS count, min(id) AS example
