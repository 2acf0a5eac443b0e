// Create relations of one type, or bring those between the same two nodes up to date. Fails where a node is not there.
// $type    the type, as "RATED"
// $rows    [{source, target, properties}]   source, target: keys of nodes; properties: {rating: 4.5}
// returns  loaded: how many relations
//
// Planned anew each time: a plan made while there were no relations scans them all for each row.
CYPHER replan=force
UNWIND $rows AS row
OPTIONAL MATCH (source:KGEntity {key: row.source})
OPTIONAL MATCH (target:KGEntity {key: row.target})
MERGE (source)-[relation:$($type)]->(target)
SET relation += row.properties
RETURN count(*) AS loaded
