// Who found most of what this person wants?
// People by the items they found that are wanted, or have something wanted.
// $user         key of the person, as "User/ann"
// $items        beginning of the keys of items, as "Book/"
// $interaction  type of the interactions, as "BOUGHT"
// $titles       {label: property} that entities are called by
// $limit        at most so many people
// :param user => 'User/demo';
// :param items => 'Film/';
// :param interaction => 'RATED';
// :param titles => ({});
// :param limit => 10;
// returns  person: key; found: how many such items; total: how many items they found at all; closeness: sum over such items of
//          the scores of what is wanted, / sqrt(total); names: of up to five, those with most that is wanted first
MATCH (user:KGEntity {key: $user})-[interest:INTERESTED_IN {by: 'kg-rec'}]->(wanted:KGEntity)
WHERE interest.polarity > 0
MATCH (wanted)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-{0,1}(item:KGEntity)
WHERE item.key STARTS WITH $items
WITH user, item, sum(interest.score) AS weight
MATCH (item)<-[:$($interaction)]-(person:KGEntity)
WHERE person <> user
WITH DISTINCT person, item, weight
ORDER BY weight DESC, item.key
WITH person, count(*) AS found, sum(weight) AS weight,
     collect(coalesce(item[$titles[split(item.key, '/')[0]]], item.key))[..5] AS names
WITH person, found, weight, names, COUNT { (person)-[:$($interaction)]->() } AS total
RETURN person.key AS person, found, total, round(weight / sqrt(total), 2) AS closeness, names
ORDER BY closeness DESC, person
LIMIT toInteger($limit)
