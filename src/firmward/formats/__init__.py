"""Bytes in, records out: parsers of file and wire formats, bounded and free of I/O. Standard library only."""
