"""The rules of lint, a module for each thing that they look at. None of them knows another."""
