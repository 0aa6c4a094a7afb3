"""An artifact is a tar; what its manifest says of the files is only told."""

from mending.tar import mend

__all__ = ["mend"]
