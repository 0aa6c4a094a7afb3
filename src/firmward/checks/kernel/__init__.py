"""Checks of the kernel: how it is built, started and set up."""
