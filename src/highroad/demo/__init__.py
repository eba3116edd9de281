"""The shop of `highroad demo`: a real database, tools over it, people, and the chapters told."""
