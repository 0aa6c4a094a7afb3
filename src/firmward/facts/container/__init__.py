"""How containers are described: compose files, command lines, units, LXC. Families ask `containers`."""
