"""Ways to people."""
