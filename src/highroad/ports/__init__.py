"""Protocols that the road needs of the outside; adapters fulfil them, contract kits prove it."""
