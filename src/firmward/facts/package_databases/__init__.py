"""Databases of package managers, one module each, found and not registered: `installed(tree, unread)`."""
