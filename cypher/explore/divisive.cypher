// Which items did many find and few like?
// $items        beginning of the keys of items, as "Book/"
// $interaction  type of the interactions, as "RATED"
// $weight       property with the rating or the count, as "rating"
// $least        lowest rating or count that is liking
// $found        at least so many must have found it, a number
// $titles       {label: property} that entities are called by
// $limit        at most so many
// :param items => 'Film/';
// :param interaction => 'RATED';
// :param weight => 'rating';
// :param least => 3.5;
// :param found => 10;
// :param titles => ({});
// :param limit => 25;
// returns  item: its name; key; found, liked: how many people; share: liked of those who found it; mean: of the weights
MATCH (item:KGEntity)<-[interaction:$($interaction)]-()
WHERE item.key STARTS WITH $items
WITH item, count(*) AS found, count(CASE WHEN interaction[$weight] >= $least THEN 1 END) AS liked,
     avg(interaction[$weight]) AS mean
WHERE found >= $found
RETURN coalesce(item[$titles[split(item.key, '/')[0]]], item.key) AS item, item.key AS key, found, liked,
       round(1.0 * liked / found, 2) AS share, round(mean, 2) AS mean
ORDER BY share, found DESC, key
LIMIT toInteger($limit)
