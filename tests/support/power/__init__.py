"""A device whose power is cut: a medium that keeps no more than it promised, a boot loader, images."""
