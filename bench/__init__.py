"""Every number that the docs state, each printed by a script of its own."""
