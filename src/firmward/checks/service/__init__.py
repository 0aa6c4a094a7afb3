"""What runs all the time: as whom, how confined, and what it runs or sources in turn."""
