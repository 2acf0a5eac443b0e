// Write what people did again.
// $rows    [{user, item, kind, value, times, at}]   as for cypher/events/create.cypher
// returns  written: how many
UNWIND $rows AS row
MATCH (:KGEntity {key: row.user})-[event:KG_REACTED_TO {kind: row.kind}]->(:KGEntity {key: row.item})
SET event.value = row.value, event.times = row.times, event.at = datetime({epochMillis: row.at})
RETURN count(*) AS written
