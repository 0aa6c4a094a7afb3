"""What the policy says of how a device boots, as remedies ask for it."""
