"""The stages of the road, one file each; none knows another, `drive` alone knows their order."""
