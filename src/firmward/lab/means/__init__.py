"""What attackers make and use, shared by attacks: programs, FITs, roots, ways into a login."""
