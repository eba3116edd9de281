"""Places outside the ledger that remember signed heads; each in a module of its own."""
