"""What starts the update client on a device: one file for each init system, and one that chooses."""
