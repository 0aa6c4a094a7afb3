"""Checks of services: what is started, with which rights, and what privileged programs run."""
