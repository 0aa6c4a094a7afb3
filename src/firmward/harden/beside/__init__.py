"""What is no file of the root, one renderer a file: `NAME` of the file that it makes, and `render(beside, policy)`, its
text, None where there is nothing to say.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from firmward.harden.site import Beside
from firmward.model.policy import Policy


def rendered(beside: Beside, policy: Policy | None) -> Iterator[tuple[str, str]]:
    """Names and texts, in order."""
    for file in iter_modules(__path__):
        module = import_module(f"{__name__}.{file.name}")
        text = module.render(beside, policy)
        if text is not None:
            yield module.NAME, text
