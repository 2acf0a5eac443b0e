"""The recommender over HTTP: `kg-rec serve`."""
