"""What auditors ask, and how they are answered: questions, reports, reveals, exports."""
