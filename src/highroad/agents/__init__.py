"""Agents: the loop that runs on the road, its strategies, teams, context and memory."""
