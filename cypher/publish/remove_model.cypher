// Take the note away that a model is published.
// returns  removed: how many
MATCH (model:KGModel)
DELETE model
RETURN count(*) AS removed
