"""Where the values of a call come from: an index of what was seen, and what is traced in it."""
