// How many nodes there are to adopt, and how many have been.
// $labels  [labels] to adopt
// $ranks   {label: number}   place of each in $labels, from 0; of a node with several labels the first counts
// returns  label; waiting, adopted: how many nodes
MATCH (node)
WHERE NOT node:KGPerson
WITH node, $labels[reduce(first = size($labels), label IN labels(node) |
  CASE WHEN $ranks[label] < first THEN $ranks[label] ELSE first END)] AS label
WHERE label IS NOT NULL
RETURN label, sum(CASE WHEN node:KGEntity THEN 0 ELSE 1 END) AS waiting,
       sum(CASE WHEN node:KGEntity THEN 1 ELSE 0 END) AS adopted
