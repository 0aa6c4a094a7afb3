"""What is wanted of a kernel's configuration: one file for each theme, whose ROWS nobody registers."""

import pkgutil
from functools import cache
from importlib import import_module

from firmward.checks.kernel.options.row import Row


@cache
def rows() -> tuple[Row, ...]:
    """All of them, by theme."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "row")
    return tuple(row for name in names for row in import_module(f"{__name__}.{name}").ROWS)
