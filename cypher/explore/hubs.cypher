// Which entities are hubs?
// Those with most relations: paths through them explain little, and queries through them are slow.
// $titles  {label: property} that entities are called by
// $limit   at most so many
// :param titles => ({});
// :param limit => 25;
// returns  entity: its name; key; relations: how many; share: of all relations of the graph; types: which
MATCH (entity:KGEntity)
WITH entity, COUNT { (entity)--() } AS relations
ORDER BY relations DESC, entity.key
LIMIT toInteger($limit)
RETURN coalesce(entity[$titles[split(entity.key, '/')[0]]], entity.key) AS entity, entity.key AS key, relations,
       round(1.0 * relations / COUNT { ()-->() }, 4) AS share,
       COLLECT { MATCH (entity)-[relation]-() RETURN DISTINCT type(relation) AS type ORDER BY type } AS types
