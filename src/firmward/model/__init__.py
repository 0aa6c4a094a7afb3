"""Records that every package shares. Standard library only; imports nothing of ours."""
