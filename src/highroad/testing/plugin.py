"""The pytest plugin that an installed Highroad brings."""
