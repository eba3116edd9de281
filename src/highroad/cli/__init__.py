"""The command line: one file per command group."""

from highroad.cli.app import main

__all__ = ["main"]
