"""What the ports are made of: one package per port, each adapter with its own vendor."""
