"""Our road under other frameworks' agents: one file each, and what they share (`guarding`)."""
