// What does this graph consist of?
// Every kind of relation with one example of it, between the nodes that have most relations, and how many there are. It reads
// the whole graph.
// $limit   at most so many kinds
// :param limit => 50;
// returns  source, type, target: labels as keys begin with them, and type; relations: how many; example: a path
MATCH (source:KGEntity)
WITH source
ORDER BY COUNT { (source)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } DESC,
         source.key
MATCH (source)-[relation:!KG_SPEAKS_FOR WHERE coalesce(relation.by, '') <> 'kg-rec']->(target:KGEntity)
WITH split(source.key, '/')[0] AS label, type(relation) AS type, split(target.key, '/')[0] AS end,
     count(*) AS relations, head(collect(relation)) AS first
MATCH example = (start)-[first]->()
RETURN label AS source, type, end AS target, relations, example
ORDER BY relations DESC, source, type, target
LIMIT toInteger($limit)
