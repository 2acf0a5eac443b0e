// What the database holds besides the entities of one graph.
// $keys    [keys] of that graph's entities
// returns  others: number of nodes that are no entities, kg-rec's own left out; keys: of up to three entities with another key, people who were
//          attached left out
RETURN COUNT { () } - COUNT { (:KGEntity) } - COUNT { (:KGModel) } - COUNT { (:KGWrite) }
         - COUNT { (:KGEvent) } - COUNT { (:KGFeed) } AS others, COLLECT {
  MATCH (entity:KGEntity)
  WHERE NOT entity:KGPerson AND NOT coalesce(entity.key, '') IN $keys
  RETURN coalesce(entity.key, elementId(entity))
  LIMIT 3
} AS keys
