// Note that a model is about to be published; until publish/end it is not whole.
// $model   {name: value}   its version, the fingerprint and the size of its encoder, and the weights of the score
// returns  version
MERGE (model:KGModel)
SET model = $model, model.whole = false
RETURN model.version AS version
