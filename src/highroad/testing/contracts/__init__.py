"""Contract kits: what every adapter of a port must do. Subclass one and say how to make yours."""
