// What stands in words on the relations of one type, packed: those from a thousand or so nodes a row. People that were
// attached are left out.
// $type      of the relations
// $property  name of the property that holds the words
// returns    ids: internal ids of the relations that have words, as in export/relations; texts: the words of each
MATCH (source:KGEntity)-[relation]->(target:KGEntity)
WHERE type(relation) = $type AND relation[$property] IS NOT NULL AND NOT source:KGPerson AND NOT target:KGPerson
  AND NOT (type(relation) = 'SIMILAR_TO' AND coalesce(relation.by, '') = 'kg-rec')
WITH id(source) / 1000 AS part, collect(relation) AS relations
RETURN [relation IN relations | id(relation)] AS ids, [relation IN relations | relation[$property]] AS texts
