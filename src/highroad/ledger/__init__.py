"""The ledger: entries, the group writer, keys and the payload vault, projections, histories."""
