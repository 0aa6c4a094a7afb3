"""The kernel parameters that are asked, as rows."""
