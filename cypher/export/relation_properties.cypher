// The properties of relations between entities, interests left out.
// returns  type, name: of the relation and the property; values: types of its values, as ["FLOAT NOT NULL"]
MATCH (:KGEntity)-[relation]->(:KGEntity)
WHERE type(relation) <> 'INTERESTED_IN'
UNWIND keys(relation) AS name
RETURN type(relation) AS type, name, collect(DISTINCT valueType(relation[name])) AS values
ORDER BY type, name
