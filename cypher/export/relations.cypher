// All relations between entities, packed: those of one type from a thousand or so nodes a row. People that were attached,
// interests, what people did since they came, and what kg-rec published are left out.
// $properties  {type: [names]}   the properties to return, as {RATED: ["rating", "timestamp"]}; types without any may miss
// $identified  type of the relations whose own ids are returned, or null
// returns      type; sources, targets: internal ids as in export/nodes; ids: those of the relations of the type `identified`,
//              none of others, valid within the transaction; values: of each property, those of all relations
MATCH (entity:KGEntity)
WHERE NOT entity:KGPerson
WITH id(entity) / 1000 AS part, collect(entity) AS entities
CALL (entities) {
  UNWIND entities AS source
  MATCH (source)-[relation]->(target:KGEntity)
  WHERE NOT relation:KG_SPEAKS_FOR AND coalesce(relation.by, '') <> 'kg-rec' AND NOT target:KGPerson
  RETURN type(relation) AS type, collect(id(source)) AS sources, collect(id(target)) AS targets,
         collect(relation) AS relations
}
RETURN type, sources, targets, CASE type WHEN $identified THEN [relation IN relations | id(relation)] ELSE [] END AS ids,
       [name IN coalesce($properties[type], []) | [relation IN relations | relation[name]]] AS values
