"""What a device is to become, and how it gets there. Standard library only."""
