"""Kinds of changes, one a file: `KIND`, and `apply(change, site)` (see `apply.py`)."""
