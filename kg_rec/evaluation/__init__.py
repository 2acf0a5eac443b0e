"""How good the recommendations are for people nobody has seen, against controls that could explain it as well."""
