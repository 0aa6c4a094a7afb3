"""Keys by role, wherever they are held, and what is signed with them. Host only."""
