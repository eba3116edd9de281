"""Models: providers', and what plays one."""
