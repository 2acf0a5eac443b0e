// Which model is published.
// returns  version, encoder, whole: whether all of it is there, publishedAt; nothing where none is
MATCH (model:KGModel)
RETURN model.version AS version, model.encoder AS encoder, model.whole AS whole,
       toString(model.publishedAt) AS publishedAt
