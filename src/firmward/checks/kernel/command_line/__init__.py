"""The words of the kernel's command line: which undo a protection, which have it, and which lack."""
