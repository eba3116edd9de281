"""What of a history a model is shown."""
