"""What keeps the rollback floor: one file each."""
