// Relate items to other entities.
// $rows  [{item, type, entity, forward}]   item, entity: keys; forward: whether the relation leads from the item
// returns related: how many of the rows found both ends
UNWIND $rows AS row
MATCH (item:KGEntity {key: row.item})
WITH row, item, row.entity AS key
MATCH (entity:KGEntity {key: key})
WITH row.type AS type, CASE WHEN row.forward THEN item ELSE entity END AS source,
     CASE WHEN row.forward THEN entity ELSE item END AS target
MERGE (source)-[:$(type)]->(target)
RETURN count(*) AS related
