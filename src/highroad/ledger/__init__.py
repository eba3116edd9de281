"""The record: entries, group writer, Merkle tree, signed tree heads, projections, payload vault."""
