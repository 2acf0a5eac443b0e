// Add items to the graph. Those that are there already are left as they are, and told.
// $label  the label of items
// $rows   [{key, properties}]   properties: {name: value}
// returns there: keys of the rows that were in the graph before
UNWIND $rows AS row
MERGE (item:KGEntity {key: row.key})
ON CREATE SET item:$($label), item += row.properties, item.kgNew = true
WITH item, coalesce(item.kgNew, false) AS new
REMOVE item.kgNew
RETURN [key IN collect(CASE WHEN NOT new THEN item.key END) WHERE key IS NOT NULL] AS there
