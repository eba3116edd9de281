"""What an error means, by the source that it comes from (`docs/failures.md`)."""
