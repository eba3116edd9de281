"""Servers of tools that other programs run (`highroad.ports.upstream`)."""
