"""What is true of one subject: one file is one family (record, parser, collector). Standard library only."""
