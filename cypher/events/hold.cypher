// Hold people until the end of the transaction: nobody else changes what they did meanwhile. Who is not there is created.
// $people  [{key, properties}]   in the order of their keys; properties: of a created node, as {userId: "ann"}
// $label   the label of people, as "User"
// returns  people: how many
UNWIND $people AS one
MERGE (user:KGEntity {key: one.key})
ON CREATE SET user:KGPerson:$($label), user += one.properties
// Takes the lock on somebody who was there already.
SET user.key = one.key
RETURN count(*) AS people
