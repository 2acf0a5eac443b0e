// Write the vectors of what people want in words, where a model of the same encoder is published.
// $encoder  fingerprint of the encoder
// $rows     [{user, vector}]   user: key; vector: of length 1, or null, which takes theirs away
// returns   published: how many
MATCH (model:KGModel {encoder: $encoder})
WITH model LIMIT 1
UNWIND $rows AS row
MATCH (user:KGEntity {key: row.user})
SET user.kgWish = row.vector
RETURN count(*) AS published
