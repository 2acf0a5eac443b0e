"""From words to vectors and to the entities they speak of."""
