"""The unprotected twin of a build: the same kernel and root as most devices in the field start them."""
