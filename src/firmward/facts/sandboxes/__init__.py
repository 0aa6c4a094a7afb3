"""What known programs need, one a file: `ROW` (see sandbox.py)."""
