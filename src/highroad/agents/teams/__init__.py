"""Ways in which agents work together, each a small strategy on `Leg`."""
