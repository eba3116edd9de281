"""The audit tables beside the entries: derived anew, compared, read by rows and periods."""
