// Whether a property tells all nodes with a label apart, for many labels in one pass.
// $properties  {label: name of the property}
// returns      label; nodes: how many there are; present: how many have the property; distinct: number of different values,
//              as text
MATCH (node)
WHERE NOT node:KGPerson|KGModel|KGWrite|KGEvent|KGFeed
UNWIND [label IN labels(node) WHERE $properties[label] IS NOT NULL] AS label
WITH label, toStringOrNull(node[$properties[label]]) AS value
RETURN label, count(*) AS nodes, count(value) AS present, count(DISTINCT value) AS distinct
