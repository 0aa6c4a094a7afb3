"""Small systems that say what is true: mistakes planted from each program's manual, and the same systems without them.

Who plants has read the manual and the catalogue of questions, not the check's code. One file holds the systems of one
distribution or build system; nothing is registered. Where the program itself can say what its configuration means, a
witness asks it.
"""
