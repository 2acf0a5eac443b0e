// One entity by its key.
// $key     as "Genre/Horror"
// $titles  {label: property}   the property that entities are called by; labels as keys begin with them
// returns  key, name; nothing where there is none
MATCH (entity:KGEntity {key: $key})
RETURN entity.key AS key, toStringOrNull(entity[$titles[split(entity.key, '/')[0]]]) AS name
