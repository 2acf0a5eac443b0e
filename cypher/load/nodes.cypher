// Create nodes, or bring those with the same key up to date. A null among the properties takes the property away. A person
// who was attached earlier, and now comes with the graph, belongs to it from then on.
// $rows    [{key, labels, properties}]   key: "Movie/1"; labels: ["Movie"]; properties: {title: "Her", year: 2013}
// returns  loaded: how many nodes
UNWIND $rows AS row
MERGE (entity:KGEntity {key: row.key})
SET entity:$(row.labels), entity += row.properties
REMOVE entity:KGPerson
RETURN count(*) AS loaded
