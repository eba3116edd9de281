"""Judgement before action, on the retail set: what the road stops, and what it should not."""
