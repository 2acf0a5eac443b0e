// What people did with items until now.
// $pairs   [{user, item}]   keys
// returns  user, item: keys; kind, value, times: see cypher/events/events.cypher; at: milliseconds since 1970, when last
//
// Both ends are found first: a plan made while there were no such relations would scan them all for each pair.
UNWIND $pairs AS pair
MATCH (user:KGEntity {key: pair.user})
CALL (pair) {
  MATCH (item:KGEntity {key: pair.item})
  RETURN item
}
CALL (user, item) {
  MATCH (user)-[event:KG_REACTED_TO]->(item)
  RETURN event
}
RETURN pair.user AS user, pair.item AS item, event.kind AS kind, event.value AS value, event.times AS times,
       event.at.epochMillis AS at
