// What a person has interacted with, newest first.
// $user    key of the person's node
// $type    type of the interaction
// $weight  property with the rating or the count, or '' where there is none
// $time    property with the time, or '' where there is none
// returns  item: key; weight, time: null where there is none
MATCH (user:KGEntity {key: $user})-[interaction:$($type) WHERE coalesce(interaction.by, '') <> 'kg-rec']->(item:KGEntity)
RETURN item.key AS item, interaction[$weight] AS weight, interaction[$time] AS time
ORDER BY time DESC, item
