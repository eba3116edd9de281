"""What models cost, as somebody who keeps track of it says."""
