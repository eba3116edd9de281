"""Adapters of `highroad.ports.verifier`."""
