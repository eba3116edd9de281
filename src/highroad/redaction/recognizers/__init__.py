"""What is recognized by its form: one module per family, and the tuple of all of them."""
