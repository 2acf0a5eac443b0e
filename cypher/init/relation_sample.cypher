// Some relations of a type.
// $type    the type
// $most    at most so many
// returns  sources, targets: labels of the two ends; properties
MATCH (source)-[relation:$($type)]->(target)
WITH source, relation, target LIMIT $most
RETURN [label IN labels(source) WHERE label <> 'KGEntity'] AS sources, properties(relation) AS properties,
       [label IN labels(target) WHERE label <> 'KGEntity'] AS targets
