"""Budgets and rates: reserved before work, settled after it."""
