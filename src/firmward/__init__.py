"""firmward: audit, harden, prove and look after embedded Linux devices over their whole life."""
