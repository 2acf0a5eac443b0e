// What people did with items until now.
// $pairs   [{user, item}]   keys
// returns  user, item: keys; kind, value, times: see cypher/events/events.cypher; at: milliseconds since 1970, when last
UNWIND $pairs AS pair
MATCH (user:KGEntity {key: pair.user})-[event:KG_REACTED_TO]->(item:KGEntity {key: pair.item})
RETURN user.key AS user, item.key AS item, event.kind AS kind, event.value AS value, event.times AS times,
       event.at.epochMillis AS at
