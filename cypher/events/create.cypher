// Write what people did for the first time.
// $rows    [{user, item, kind, value, times, at}]   keys, by item: two transactions then never wait for each other; at: milliseconds
//          since 1970
// returns  written: how many; fewer where an item is not in the graph
UNWIND $rows AS row
MATCH (user:KGEntity {key: row.user})
CALL (row, user) {
  MATCH (item:KGEntity {key: row.item})
  // Nobody else writes it meanwhile: the person is held.
  CREATE (user)-[event:KG_REACTED_TO {
    by: 'kg-rec', kind: row.kind, value: row.value, times: row.times, at: datetime({epochMillis: row.at})
  }]->(item)
  RETURN event
}
RETURN count(event) AS written
