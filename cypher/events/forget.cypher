// Take away what a person did with one item.
// $user    key of the person's node, as "User/ann"
// $item    key of the item
// returns  events: how many were taken away
MATCH (:KGEntity {key: $user})-[event:KG_REACTED_TO]->(item)
WHERE item.key = $item
DELETE event
RETURN count(*) AS events
