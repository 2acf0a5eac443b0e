// Write what people did again.
// $rows    [{user, item, kind, value, times, at}]   as for cypher/events/create.cypher
// returns  written: how many
UNWIND $rows AS row
MATCH (user:KGEntity {key: row.user})
CALL (row) {
  MATCH (item:KGEntity {key: row.item})
  RETURN item
}
CALL (row, user, item) {
  MATCH (user)-[event:KG_REACTED_TO {kind: row.kind}]->(item)
  SET event.value = row.value, event.times = row.times, event.at = datetime({epochMillis: row.at})
  RETURN event
}
RETURN count(event) AS written
