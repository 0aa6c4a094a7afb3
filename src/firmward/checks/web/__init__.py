"""What web servers serve, run and show."""
