// Which nodes are not related to anything?
// Neither words nor people lead to them. People who were attached are left out.
// $titles  {label: property} that entities are called by
// $limit   at most so many
// :param titles => ({});
// :param limit => 25;
// returns  entity: its name; key; labels
MATCH (entity:KGEntity)
WHERE NOT entity:KGPerson
  AND NOT EXISTS { (entity)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() }
RETURN coalesce(entity[$titles[split(entity.key, '/')[0]]], entity.key) AS entity, entity.key AS key,
       [label IN labels(entity) WHERE NOT label IN ['KGEntity', 'KGItem']] AS labels
ORDER BY key
LIMIT toInteger($limit)
