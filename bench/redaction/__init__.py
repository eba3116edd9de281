"""Precision and recall of redaction, on texts that are made here from the specifications."""
