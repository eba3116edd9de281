"""One file per stage of the road; no stage knows another."""
