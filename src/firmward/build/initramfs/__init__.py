"""The initramfs that verifies the root and goes on, or that is the whole system."""
