"""systemd's units: how they are found, joined with their drop-ins, reached at boot, and what they run (see
systemd.py)."""
