"""Checks of updates: whether the image can be updated, by whom, and what comes of one that fails."""
