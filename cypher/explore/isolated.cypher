// Which nodes are not related to anything?
// Neither words nor people lead to them.
// $titles  {label: property} that entities are called by
// $limit   at most so many
// :param titles => ({});
// :param limit => 25;
// returns  entity: its name; key; labels
MATCH (entity:KGEntity)
WHERE NOT EXISTS { (entity)--() }
RETURN coalesce(entity[$titles[split(entity.key, '/')[0]]], entity.key) AS entity, entity.key AS key,
       labels(entity) AS labels
ORDER BY key
LIMIT toInteger($limit)
