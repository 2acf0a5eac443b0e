// Write which items are similar to others; what kg-rec wrote of them earlier is replaced, and other relations SIMILAR_TO are
// left alone.
// $rows    [{entity, items, scores}]   entity, items: keys of items; scores: the cosines
// returns  published: how many relations
UNWIND $rows AS row
MATCH (entity:KGEntity {key: row.entity})
CALL (entity) {
  MATCH (entity)-[old:SIMILAR_TO {by: 'kg-rec'}]->()
  DELETE old
}
UNWIND range(0, size(row.items) - 1) AS place
MATCH (item:KGEntity {key: row.items[place]})
CREATE (entity)-[:SIMILAR_TO {score: row.scores[place], by: 'kg-rec'}]->(item)
RETURN count(*) AS published
