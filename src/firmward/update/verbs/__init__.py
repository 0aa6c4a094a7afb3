"""What a device asks and is asked about its updates: one verb a file."""
