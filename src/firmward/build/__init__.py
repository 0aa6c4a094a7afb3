"""From a root file system, kernel and device tree to a signed image. Host only."""
