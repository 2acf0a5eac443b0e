// The properties of relations between entities; interests, what people did since they came, and what kg-rec published
// are left out.
// returns  type, name: of the relation and the property; values: types of its values, as ["FLOAT NOT NULL"]
MATCH (:KGEntity)-[relation]->(:KGEntity)
WHERE NOT relation:KG_SPEAKS_FOR AND coalesce(relation.by, '') <> 'kg-rec'
UNWIND keys(relation) AS name
RETURN type(relation) AS type, name, collect(DISTINCT valueType(relation[name])) AS values
ORDER BY type, name
