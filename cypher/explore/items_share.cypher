// What do these two items have in common?
// The rarest first; the people who found both are left to explore/together.
// $item       key of an item, as "Book/4711"
// $otherItem  key of another item, as "Book/4712"
// $people     beginning of the keys of people, as "User/"
// $limit      at most so many paths
// :param item => 'Film/arrival';
// :param otherItem => 'Film/her';
// :param people => 'User/';
// :param limit => 25;
// returns  path: from one to the other; relations: how many the shared entity has
MATCH path = (:KGEntity {key: $item})
             -[one:!KG_SPEAKS_FOR WHERE coalesce(one.by, '') <> 'kg-rec']-(shared:KGEntity)
             -[other:!KG_SPEAKS_FOR WHERE coalesce(other.by, '') <> 'kg-rec']-
             (:KGEntity {key: $otherItem})
WHERE NOT shared.key STARTS WITH $people
RETURN path,
       COUNT { (shared)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } AS relations
ORDER BY relations, shared.key
LIMIT toInteger($limit)
