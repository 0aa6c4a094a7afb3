"""Checks of storage: what is mounted how, what is encrypted with which key, and who may write where."""
