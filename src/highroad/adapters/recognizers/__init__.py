"""Recognizers of libraries."""
