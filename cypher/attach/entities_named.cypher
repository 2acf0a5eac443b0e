// Entities with a name, in capitals or not.
// $name    the name
// $titles  {label: property}   which labels to look among, and the property that each is called by
// $detail  property that tells namesakes apart, as "year", or null
// returns  key, name, detail
UNWIND keys($titles) AS label
MATCH (entity:KGEntity)
WHERE entity.key STARTS WITH label + '/' AND toLower(toStringOrNull(entity[$titles[label]])) = toLower($name)
RETURN entity.key AS key, toString(entity[$titles[label]]) AS name, toStringOrNull(entity[$detail]) AS detail
ORDER BY key
LIMIT 20
