// Make a relation of what people did with items over nodes between, as customers reach products over orders. Only the owner of
// the database runs this, in Neo4j Browser: kg-rec never does. Again, it brings the counts up to date.
// $user     label of the people, as "Customer"
// $first    type of the relation from them, as "PURCHASED"
// $between  label of the nodes between, as "Order"
// $second   type of the relation from these, as "ORDERS"
// $item     label of the items, as "Product"
// $type     type of the relation to make, as "INTERACTED_WITH"
// returns   interactions: how many relations there are from people to items then
MATCH (user:$($user))-[:$($first)]->(:$($between))-[:$($second)]->(item:$($item))
WITH user, item, count(*) AS times
MERGE (user)-[interaction:$($type)]->(item)
SET interaction.count = times
RETURN count(*) AS interactions
