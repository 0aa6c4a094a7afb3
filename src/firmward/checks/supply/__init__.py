"""Checks of what the system is made of: what is known of its components, and what no component claims."""
