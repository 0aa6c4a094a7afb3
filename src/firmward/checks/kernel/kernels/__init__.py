"""What the checks of kernels have in common: each kernel of a root judged for itself, with the words it starts with."""
