// Which labels stand together on how many nodes; what kg-rec added is left out.
// returns  labels: sorted; count
MATCH (node)
WHERE NOT node:KGPerson
WITH COLLECT { UNWIND labels(node) AS label WITH label WHERE label <> 'KGEntity' RETURN label ORDER BY label } AS labels
RETURN labels, count(*) AS count
