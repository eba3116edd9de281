"""Counters: where what work demands is counted."""
