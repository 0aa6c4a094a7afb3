"""One file, one attack: who does it, what it strikes, which published case it follows, and what has to be seen."""
