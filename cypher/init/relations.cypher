// How many relations of each type lead from nodes with some labels to nodes with others; people who were attached and
// their interests are left out.
// returns  sources: labels of the source; type; targets: labels of the target; count
MATCH (source)-[relation]->(target)
WHERE NOT source:KGPerson AND NOT target:KGPerson AND NOT (source:KGEntity AND relation:INTERESTED_IN|KG_REACTED_TO)
RETURN [label IN labels(source) WHERE label <> 'KGEntity'] AS sources, type(relation) AS type,
       [label IN labels(target) WHERE label <> 'KGEntity'] AS targets, count(*) AS count
