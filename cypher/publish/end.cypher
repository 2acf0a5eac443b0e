// Note that all of a model is published.
// returns  version, publishedAt
MATCH (model:KGModel)
SET model.whole = true, model.publishedAt = datetime()
RETURN model.version AS version, toString(model.publishedAt) AS publishedAt
