// Everybody who was attached, and everybody of the loaded graph who has interests.
// returns  key; attached: whether the node was made for the person; interests: how many they have
MATCH (user:KGPerson)
RETURN user.key AS key, true AS attached, COUNT { (user)-[:INTERESTED_IN {by: 'kg-rec'}]->() } AS interests
UNION
MATCH (user:KGEntity)-[interest:INTERESTED_IN {by: 'kg-rec'}]->()
WHERE NOT user:KGPerson AND user.key IS NOT NULL
RETURN user.key AS key, false AS attached, count(interest) AS interests
