// Create nodes, or bring those with the same key up to date. A null among the properties takes the property away.
// $rows    [{key, labels, properties}]   key: "Movie/1"; labels: ["Movie"]; properties: {title: "Her", year: 2013}
// returns  loaded: how many nodes
UNWIND $rows AS row
MERGE (entity:KGEntity {key: row.key})
SET entity:$(row.labels), entity += row.properties
RETURN count(*) AS loaded
