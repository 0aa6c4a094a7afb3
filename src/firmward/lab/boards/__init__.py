"""One board, one file: the record BOARD of a machine that QEMU plays. The file's name is the board's."""
