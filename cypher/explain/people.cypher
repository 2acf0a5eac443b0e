// Who liked each of some items.
// $ends    [keys] of items
// $type    type of the interaction
// $weight  property with the rating, or '' where liking needs none
// $least   lowest rating that counts as liking here: the middle of the scale; the mean of each person, which training asks for
//          as well, would cost five times the whole of this
// returns  end: key of the item; people: elementIds of those who liked it, attached people left out
UNWIND $ends AS key
MATCH (end:KGEntity {key: key})<-[interaction:$($type)]-(person:KGEntity)
WHERE NOT person:KGPerson AND ($weight = '' OR interaction[$weight] >= $least)
RETURN key AS end, collect(DISTINCT elementId(person)) AS people
