"""Keys, certificates and passwords that lie in the image."""
