"""How the kernel was built and what it is told: configuration, command line, run-time parameters."""
