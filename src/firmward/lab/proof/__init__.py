"""What a campaign proved, as a record, and as it is shown: one form, one file."""
