"""Parts that are recognised and cannot be read without a key."""
