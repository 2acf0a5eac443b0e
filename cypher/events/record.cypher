// Record what a person did with items, as relations of their own. A verdict (liked, disliked, rated) takes the place of an
// earlier one on the same item; what is told again is counted.
// $user        key of the person's node, as "User/ann"; created where there is none
// $label       the person's label, as "User"
// $properties  {name: value}   properties of a created node, as {userId: "ann"}
// $rows        [{item, kind, value, times}]   item: key; kind: liked, disliked, rated, seen or skipped, a verdict once an item;
//              value: the rating, or null; times: how often it was told now
// returns      missing: keys among the rows that are not in the graph
MERGE (user:KGEntity {key: $user})
ON CREATE SET user:KGPerson:$($label), user += $properties
// Takes the lock on a person who was there already: of two verdicts at once, one waits.
SET user.key = $user
WITH user
CALL (user) {
  UNWIND [row IN $rows WHERE row.kind IN ['liked', 'disliked', 'rated']] AS row
  MATCH (user)-[old:KG_REACTED_TO]->(:KGEntity {key: row.item})
  WHERE old.kind IN ['liked', 'disliked', 'rated'] AND old.kind <> row.kind
  DELETE old
}
CALL (user) {
  UNWIND $rows AS row
  MATCH (item:KGEntity {key: row.item})
  MERGE (user)-[event:KG_REACTED_TO {kind: row.kind}]->(item)
  SET event.by = 'kg-rec', event.value = row.value, event.at = datetime(), event.times = coalesce(event.times, 0) + row.times
}
RETURN [row IN $rows WHERE NOT EXISTS { (:KGEntity {key: row.item}) } | row.item] AS missing
