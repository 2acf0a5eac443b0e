// Whether a property tells all nodes with a label apart.
// $label     the label
// $property  name of the property
// returns    nodes: how many there are; present: how many have the property; distinct: number of different values, as text
MATCH (node:$($label))
WHERE NOT node:KGPerson
RETURN count(*) AS nodes, count(node[$property]) AS present, count(DISTINCT toStringOrNull(node[$property])) AS distinct
