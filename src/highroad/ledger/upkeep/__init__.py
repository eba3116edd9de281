"""What becomes of a ledger over years: retention, erasure, archives, moving."""
