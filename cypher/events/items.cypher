// Which of some keys are those of items.
// $keys    [keys]
// $label   the label of items, as "Film"
// returns  key
UNWIND $keys AS key
MATCH (item:KGEntity {key: key})
WHERE $label IN labels(item)
RETURN key
