"""Where memories of agents are kept."""
