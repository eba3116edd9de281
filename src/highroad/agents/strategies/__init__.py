"""The field's strategies, each a thin variation on asking and acting."""
