"""Checks of services: what starts, with which rights, and what holds it back."""
