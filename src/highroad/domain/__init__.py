"""Frozen values of the road and their transitions; imports nothing but the standard library."""
