"""Formats that hold several parts side by side: partition tables."""
