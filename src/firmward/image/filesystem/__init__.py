"""Formats that hold files: each gives a Tree."""
