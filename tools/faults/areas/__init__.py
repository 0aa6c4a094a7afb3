"""The rows, by area of the source: each module here has FAULTS."""
