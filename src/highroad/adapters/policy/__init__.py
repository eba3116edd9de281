"""Engines that decide what a principal may do."""
