// What everybody interacted with, a row a person.
// $type    type of the interaction
// $weight  property with the rating or the count, or '' where there is none
// returns  user: key; interactions: [[key of the item, weight, or null where there is none]]
MATCH (user:KGEntity)-[interaction:$($type) WHERE coalesce(interaction.by, '') <> 'kg-rec']->(item:KGEntity)
RETURN user.key AS user, collect([item.key, interaction[$weight]]) AS interactions
