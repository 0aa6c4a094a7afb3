"""An option of a configuration file: the format is known by the file's place (see `settings/`)."""

from firmward.harden import settings
from firmward.harden.draft import Refused
from firmward.harden.site import Site
from firmward.model.remedy import SetOption

KIND = SetOption


def apply(change: SetOption, site: Site) -> None:
    set_option = settings.for_path(change.path)
    if set_option is None:
        raise Refused(f"how an option of {change.path} is set is not known here")
    text = site.draft.text(change.path) or ""
    site.draft.write(change.path, set_option(text, change.option, change.value, change.section))
