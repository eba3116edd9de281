"""Lint: advice on tools, by rules that look at nothing but their definitions.

A list becomes `subject`s in `listing` (anybody's list) or `declared` (this program's functions);
`report` asks every rule and makes the score. The rules stand in `rules`, a module for each group of
`codes`. No model and no network takes part: the same list gives the same advice.
"""
