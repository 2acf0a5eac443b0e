// Which items were liked together with this one?
// By how many of the same people, next to what chance would have.
// $item         key of an item, as "Book/4711"
// $interaction  type of the interactions, as "BOUGHT"
// $weight       property with the rating or the count, '' where there is none
// $least        lowest rating or count that is liking
// $titles       {label: property} that entities are called by
// $limit        at most so many
// :param item => 'Film/arrival';
// :param interaction => 'RATED';
// :param weight => 'rating';
// :param least => 3.5;
// :param titles => ({});
// :param limit => 15;
// returns  item: its name; key; both: how many liked both; liked: how many liked it; closeness: both / sqrt((c + 20) (d + 20)),
//          c and d those who liked each
MATCH (first:KGEntity {key: $item})<-[one:$($interaction)]-(person)
WHERE $weight = '' OR one[$weight] >= $least
WITH first, collect(DISTINCT person) AS people
UNWIND people AS person
MATCH (person)-[other:$($interaction)]->(second:KGEntity)
WHERE second <> first AND ($weight = '' OR other[$weight] >= $least)
WITH size(people) AS c, second, count(DISTINCT person) AS both
WITH c, second, both, COUNT {
  MATCH (second)<-[any:$($interaction)]-()
  WHERE $weight = '' OR any[$weight] >= $least
} AS d
RETURN coalesce(second[$titles[split(second.key, '/')[0]]], second.key) AS item, second.key AS key, both, d AS liked,
       round(both / sqrt((c + 20) * (d + 20)), 3) AS closeness
ORDER BY closeness DESC, key
LIMIT toInteger($limit)
