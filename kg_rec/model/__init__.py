"""The recommendation model: features, relational convolutions, training and its artifact."""
