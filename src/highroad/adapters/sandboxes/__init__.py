"""Places where bodies run apart from this process."""
