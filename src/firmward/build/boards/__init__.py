"""One board, one file: the record BOARD. The file's name is the board's, with underscores for hyphens."""
