// Where to begin?
// People with most interests, items and other entities with most relations.
// $items   beginning of the keys of items, as "Book/"
// $people  beginning of the keys of people, as "User/"
// $titles  {label: property} that entities are called by
// $limit   at most so many of each kind
// :param items => 'Film/';
// :param people => 'User/';
// :param titles => ({});
// :param limit => 5;
// returns  kind: person, item or entity; key, name; relations: how many it has, of a person how many interests
CALL () {
  MATCH (person:KGEntity)
  WHERE person.key STARTS WITH $people
  WITH person, COUNT { (person)-[:INTERESTED_IN {by: 'kg-rec'}]->() } AS relations
  ORDER BY relations DESC,
           COUNT { (person)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } DESC, person.key
  LIMIT toInteger($limit)
  RETURN 'person' AS kind, person AS entity, relations
  UNION ALL
  MATCH (item:KGEntity)
  WHERE item.key STARTS WITH $items
  WITH item,
       COUNT { (item)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } AS relations
  ORDER BY relations DESC, item.key
  LIMIT toInteger($limit)
  RETURN 'item' AS kind, item AS entity, relations
  UNION ALL
  MATCH (entity:KGEntity)
  WHERE NOT entity.key STARTS WITH $people AND NOT entity.key STARTS WITH $items
  WITH entity,
       COUNT { (entity)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } AS relations
  ORDER BY relations DESC, entity.key
  LIMIT toInteger($limit)
  RETURN 'entity' AS kind, entity, relations
}
RETURN kind, entity.key AS key, coalesce(entity[$titles[split(entity.key, '/')[0]]], entity.key) AS name, relations
