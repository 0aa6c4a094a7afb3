"""Which sources a kernel is built from: Kbuild's files read as conditions over options."""
