"""The road of a call: `drive` knows the order, each stage decides one thing."""
