"""Open a firmware image in place: nothing is unpacked to disk, nothing is mounted. Host only."""
