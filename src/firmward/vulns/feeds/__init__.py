"""One file for each feed: where it is published, and what its records mean."""
