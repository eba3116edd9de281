"""The road: one literal order of stages, and the function that drives a call along it."""
