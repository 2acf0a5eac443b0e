// What connects a person with an item?
// The shortest paths between them, and the next longer ones, that avoid hubs: what has very many relations connects everything
// with everything and tells nothing.
// $user    key of the person, as "User/ann"; any other entity will do
// $item    key of the item, as "Book/4711"; any other entity will do
// $hub     largest number of relations that an entity between them may have
// $limit   at most so many paths
// :param user => 'User/demo';
// :param item => 'Film/her';
// :param hub => 60;
// :param limit => 12;
// returns  path; steps: its length
MATCH (item:KGEntity {key: $item})
CALL (item) {
  MATCH (user:KGEntity {key: $user})
  RETURN user
}
MATCH path = SHORTEST 2 GROUPS
  (user)
  (
    ()-[step:!KG_SPEAKS_FOR WHERE coalesce(step.by, '') <> 'kg-rec' OR step:INTERESTED_IN]-(between:KGEntity)
    WHERE between = item OR COUNT { (between)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } <= $hub
  ){1,6}
  (item)
RETURN path, length(path) AS steps
ORDER BY steps, reduce(relations = 0, entity IN between |
  relations + COUNT { (entity)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() }),
         [entity IN between | entity.key]
LIMIT toInteger($limit)
