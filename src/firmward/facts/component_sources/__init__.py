"""How each kind of source tells of components: packages, lists of build systems, kernels and boot loaders."""
