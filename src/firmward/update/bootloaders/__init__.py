"""What a boot loader is told of slots: one loader a file."""
