"""The update client as files in a root: what a device needs to learn of updates and to take them."""
