// Take one interest of a person away, whoever set it.
// $user    key of the person's node, as "User/ann"
// $entity  key of the entity, as "Genre/Horror"
// returns  interests: how many were taken away
MATCH (:KGEntity {key: $user})-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity)
WHERE entity.key = $entity
DELETE interest
RETURN count(*) AS interests
