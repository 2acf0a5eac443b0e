// What is around this entity?
// Its neighbours, no more than some of each relation, so that one with thousands hides none of the others; those with most
// relations themselves come first.
// $entity  key of an entity, as "Author/Ursula K. Le Guin"
// $each    at most so many neighbours by each relation
// $limit   at most so many in all
// :param entity => 'Film/arrival';
// :param each => 6;
// :param limit => 60;
// returns  path: the entity and a neighbour
MATCH (entity:KGEntity {key: $entity})
      -[relation:!KG_SPEAKS_FOR WHERE coalesce(relation.by, '') <> 'kg-rec' OR relation:INTERESTED_IN]-
      (neighbour:KGEntity)
WITH type(relation) AS type, startNode(relation) = entity AS out, neighbour,
     COUNT { (neighbour)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } AS degree
ORDER BY degree DESC, neighbour.key
WITH type, out, collect(DISTINCT neighbour)[..toInteger($each)] AS neighbours
UNWIND neighbours AS neighbour
MATCH path = (:KGEntity {key: $entity})
             -[relation:!KG_SPEAKS_FOR WHERE coalesce(relation.by, '') <> 'kg-rec' OR relation:INTERESTED_IN]-(neighbour)
WHERE type(relation) = type
RETURN path
ORDER BY type, neighbour.key
LIMIT toInteger($limit)
