"""What listens, what gets out, and what stands between."""
