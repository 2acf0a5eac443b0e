// Which entities are hubs?
// Those with most relations: paths through them explain little, and queries through them are slow.
// $titles  {label: property} that entities are called by
// $limit   at most so many
// :param titles => ({});
// :param limit => 25;
// returns  entity: its name; key; relations: how many; share: of all relations of the graph; types: which
WITH COUNT { ()-->() } - COUNT { ()-[:KG_SPEAKS_FOR]->() }
     - COUNT { ()-[:SIMILAR_TO|INTERESTED_IN {by: 'kg-rec'}]->() } AS total
MATCH (entity:KGEntity)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-()
WITH total, entity, count(*) AS relations, collect(DISTINCT type(any)) AS types
ORDER BY relations DESC, entity.key
LIMIT toInteger($limit)
RETURN coalesce(entity[$titles[split(entity.key, '/')[0]]], entity.key) AS entity, entity.key AS key, relations,
       round(1.0 * relations / total, 4) AS share,
       COLLECT { UNWIND types AS type RETURN type ORDER BY type } AS types
