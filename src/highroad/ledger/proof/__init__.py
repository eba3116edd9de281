"""The proof of the ledger: its Merkle trees, signed heads, anchors, exports (`docs/proof.md`)."""
