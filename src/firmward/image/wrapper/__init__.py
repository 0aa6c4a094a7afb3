"""Formats that hold one run of bytes: compression."""
