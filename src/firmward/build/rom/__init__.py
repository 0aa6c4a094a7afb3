"""What a boot ROM verifies, one maker one file: what the maker's tool has to sign, and whether it did.

A module gives `prepare(boot_loader, name)`, the files for the folder `rom/` of a build, and `check(data, made)`, what
firmward's own readers say of what came back. The name of the module is a board's `rom`, with underscores for hyphens.
"""
