// Take the label and the key away from every node that was adopted; the nodes stay as they were before.
// returns  nothing
MATCH (entity:KGEntity)
CALL (entity) {
  REMOVE entity:KGEntity, entity.key
} IN TRANSACTIONS OF 10000 ROWS
