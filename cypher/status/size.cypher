// How much the graph holds, by the numbers that Neo4j keeps of it anyway; what it holds is not looked at.
// returns  nodes: without people that were attached; relations: that lead from these nodes to any but people, without interests,
//          what people did since they came, what was published, and SIMILAR_TO; similar: how many SIMILAR_TO; models: how many are published
RETURN COUNT { (:KGEntity) } - COUNT { (:KGPerson) } AS nodes,
       COUNT { (:KGEntity)-->() } - COUNT { (:KGPerson)-->() } - COUNT { ()-->(:KGPerson) }
         - CASE COUNT { ()-[:INTERESTED_IN]->() } - COUNT { (:KGPerson)-[:INTERESTED_IN]->() } WHEN 0 THEN 0
             ELSE COUNT { (user)-[:INTERESTED_IN {by: 'kg-rec'}]->() WHERE NOT user:KGPerson } END
         - (COUNT { ()-[:KG_REACTED_TO]->() } - COUNT { (:KGPerson)-[:KG_REACTED_TO]->() })
         - COUNT { ()-[:KG_SPEAKS_FOR]->() } - COUNT { ()-[:SIMILAR_TO]->() } AS relations,
       COUNT { ()-[:SIMILAR_TO]->() } AS similar,
       COUNT { (:KGModel) } AS models
