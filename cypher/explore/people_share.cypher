// What do these two people share?
// Whatever both lead to: interests, and what both found. The rarest first.
// $user       key of a person, as "User/ann"
// $otherUser  key of another person, as "User/ben"
// $limit      at most so many paths
// :param user => 'User/sim-001';
// :param otherUser => 'User/sim-044';
// :param limit => 25;
// returns  path: from one to the other; first, second: type of the relation of each; agree: whether both want it or both
//          dislike it, null where it is no interest of both; relations: how many the shared entity has
MATCH path = (:KGEntity {key: $user})-[one]->(shared:KGEntity)<-[other]-(:KGEntity {key: $otherUser})
RETURN path, type(one) AS first, type(other) AS second, one.polarity = other.polarity AS agree,
       COUNT { (shared)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } AS relations
ORDER BY relations, shared.key
LIMIT toInteger($limit)
