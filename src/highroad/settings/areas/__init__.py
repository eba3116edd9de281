"""Settings by area: of each, which there are, and what is made of those that were given."""
