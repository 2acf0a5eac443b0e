// What do this person's dislikes push away?
// Items that have something they dislike, although they have what they want.
// $user    key of the person, as "User/ann"
// $items   beginning of the keys of items, as "Book/"
// $limit   at most so many items
// :param user => 'User/demo';
// :param items => 'Film/';
// :param limit => 8;
// returns  item: key; wanted, disliked: how many interests are its neighbours; paths: from the person to it
MATCH path = (:KGEntity {key: $user})-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
             -[has:!KG_SPEAKS_FOR WHERE coalesce(has.by, '') <> 'kg-rec']-(item:KGEntity)
WHERE item.key STARTS WITH $items
WITH item, count(DISTINCT CASE WHEN interest.polarity > 0 THEN entity END) AS wanted,
     count(DISTINCT CASE WHEN interest.polarity < 0 THEN entity END) AS disliked, collect(path) AS paths,
     COUNT { (item)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } AS relations
WHERE wanted > 0 AND disliked > 0
RETURN item.key AS item, wanted, disliked, paths
ORDER BY wanted DESC, disliked DESC, relations DESC, item
LIMIT toInteger($limit)
