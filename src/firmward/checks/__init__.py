"""Questions put to facts: one file is one check, its folder is the area. Nothing is registered by hand."""
