// Write which items entities speak for; what they spoke for earlier is replaced.
// $rows    [{entity, items, scores}]   entity, items: keys; scores: what an interest of weight 1 in the entity adds to the score
//          of each item
// returns  published: how many relations
UNWIND $rows AS row
MATCH (entity:KGEntity {key: row.entity})
CALL (entity) {
  MATCH (entity)-[old:KG_SPEAKS_FOR]->()
  DELETE old
}
UNWIND range(0, size(row.items) - 1) AS place
MATCH (item:KGEntity {key: row.items[place]})
CREATE (entity)-[:KG_SPEAKS_FOR {score: row.scores[place]}]->(item)
RETURN count(*) AS published
