"""How versions are compared, one file for each scheme.

Each gives `key(version)`: something that sorts as the scheme says, or None for what the scheme has no place for. Keys
of one scheme and kind are in total order. What cannot be compared is unknown, never lower and never higher.
"""
