"""Who may say what: keys, signatures, and the client of a TUF repository. Standard library only."""
