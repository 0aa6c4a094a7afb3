"""Scripts in Python that update: reading.py gives their steps in the words of the commands that do the same."""
