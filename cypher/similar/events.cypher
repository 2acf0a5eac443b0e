// What everybody did with items since they came, a row a person.
// returns  user: key; events: [{item: key, kind, value, times, at}], as events/events returns them
MATCH (user:KGEntity)-[event:KG_REACTED_TO]->(item:KGEntity)
WITH user, item, event ORDER BY event.at DESC, item.key, event.kind
RETURN user.key AS user, collect({
  item: item.key, kind: event.kind, value: event.value, times: event.times, at: toString(event.at)
}) AS events
