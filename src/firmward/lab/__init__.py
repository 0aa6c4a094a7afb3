"""The virtual device: what was built, started under QEMU and looked at from outside. Host only."""
