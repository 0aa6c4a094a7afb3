"""Checks of programs: what rights a file itself carries."""
