"""What a model gets wrong, made of a right write: a module for each sort of mistake."""
