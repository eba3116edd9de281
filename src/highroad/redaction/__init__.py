"""What is personal or secret in texts and JSON: found by form and check digit, put out of sight."""
