// What a person did with items since they came, the latest first.
// $user    key of the person's node, as "User/ann"
// returns  item: key; kind: liked, disliked, rated, seen or skipped; value: the rating, or null; times: how often it was told;
//          at: when last
MATCH (:KGEntity {key: $user})-[event:KG_REACTED_TO]->(item:KGEntity)
WHERE item.key IS NOT NULL
RETURN item.key AS item, event.kind AS kind, event.value AS value, event.times AS times, toString(event.at) AS at
ORDER BY event.at DESC, item, kind
