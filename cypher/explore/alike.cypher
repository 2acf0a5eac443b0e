// Who leads to the same things as this person?
// By shared interests and by what both found; what few lead to counts more.
// $user    key of the person, as "User/ann"
// $people  beginning of the keys of people, as "User/"
// $titles  {label: property} that entities are called by
// $limit   at most so many people
// :param user => 'User/sim-001';
// :param people => 'User/';
// :param titles => ({});
// :param limit => 10;
// returns  person: key; shared: how many entities; closeness: sum over them of 1 / log(1 + relations) (Adamic & Adar 2003);
//          names: of up to five, the rarest first
MATCH (user:KGEntity {key: $user})-[one]->(shared:KGEntity)<-[other]-(person:KGEntity)
WHERE person <> user AND person.key STARTS WITH $people
  AND coalesce(one.polarity, 1) = coalesce(other.polarity, 1)
WITH DISTINCT person, shared,
     COUNT { (shared)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec' OR any:INTERESTED_IN]-() } AS relations
ORDER BY relations, shared.key
RETURN person.key AS person, count(*) AS shared, round(sum(1 / log(1 + relations)), 2) AS closeness,
       collect(coalesce(shared[$titles[split(shared.key, '/')[0]]], shared.key))[..5] AS names
ORDER BY closeness DESC, person
LIMIT toInteger($limit)
