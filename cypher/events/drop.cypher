// Take away what another verdict has taken the place of.
// $rows    [{user, item, kind}]   keys
// returns  dropped: how many
UNWIND $rows AS row
MATCH (:KGEntity {key: row.user})-[event:KG_REACTED_TO {kind: row.kind}]->(:KGEntity {key: row.item})
DELETE event
RETURN count(*) AS dropped
