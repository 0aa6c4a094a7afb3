"""What a request sends, followed through one script to where it is evaluated (see request_scripts.py)."""
