"""What a file system in memory may take, and where the options of a mount are written."""
