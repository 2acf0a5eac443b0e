// Which items has nobody found?
// Those without any interaction, the best described first: they are what only words and the graph can recommend.
// $items        beginning of the keys of items, as "Book/"
// $interaction  type of the interactions, as "BOUGHT"
// $titles       {label: property} that entities are called by
// $limit        at most so many
// :param items => 'Film/';
// :param interaction => 'RATED';
// :param titles => ({});
// :param limit => 25;
// returns  item: its name; key; relations: how many it has with other things
MATCH (item:KGEntity)
WHERE item.key STARTS WITH $items AND NOT EXISTS { (item)<-[:$($interaction)]-() }
RETURN coalesce(item[$titles[split(item.key, '/')[0]]], item.key) AS item, item.key AS key,
       COUNT { (item)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } AS relations
ORDER BY relations DESC, key
LIMIT toInteger($limit)
