// How many nodes there are to adopt, and how many have been.
// $labels  [labels] to adopt
// returns  label: of a node with several, the first of $labels; waiting, adopted: how many nodes
MATCH (node)
WHERE any(label IN $labels WHERE label IN labels(node)) AND NOT node:KGPerson
WITH node, head([label IN $labels WHERE label IN labels(node)]) AS label
RETURN label, sum(CASE WHEN node:KGEntity THEN 0 ELSE 1 END) AS waiting,
       sum(CASE WHEN node:KGEntity THEN 1 ELSE 0 END) AS adopted
