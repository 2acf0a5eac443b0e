// Take away what another verdict has taken the place of.
// $rows    [{user, item, kind}]   keys
// returns  dropped: how many
UNWIND $rows AS row
MATCH (user:KGEntity {key: row.user})
CALL (row) {
  MATCH (item:KGEntity {key: row.item})
  RETURN item
}
CALL (row, user, item) {
  MATCH (user)-[event:KG_REACTED_TO {kind: row.kind}]->(item)
  DELETE event
}
RETURN count(*) AS dropped
