"""Small root file systems with planted mistakes and clean twins, written from each program's manual, not from our code.

A row says what must be found, and that nothing else of medium or above may be, nor any check be unknown, but what the
row names.
"""
