"""Programming languages whose packages tell of themselves, one module each, found and not registered."""
