"""The shop of `highroad demo`."""
