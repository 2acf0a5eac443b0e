// Entities whose names have parts in common with a misspelt one, those with most parts first.
// $parts   [parts]   of the misspelt name, a few letters each, in small letters
// $length  number of letters of the name; of names with as many parts in common, those of like length come first
// $titles  {label: property}   which labels to look among, and the property that each is called by
// returns  key, name
UNWIND keys($titles) AS label
MATCH (entity:KGEntity)
WHERE entity.key STARTS WITH label + '/'
WITH entity, toStringOrNull(entity[$titles[label]]) AS name
WITH entity, name, size([part IN $parts WHERE toLower(name) CONTAINS part]) AS common
WHERE common > 0
RETURN entity.key AS key, name
ORDER BY common DESC, abs(size(name) - $length), key
LIMIT 50
