"""One unit, as systemd would see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.process import Start
from firmward.model.location import Location


class Enablement(StrEnum):
    """The words of `systemctl is-enabled`."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    STATIC = "static"
    """Has nothing to enable; starts only when another unit wants it."""
    INDIRECT = "indirect"
    ALIAS = "alias"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, where it stands: in the unit's file or in a drop-in."""

    key: str
    value: str
    at: Location


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with its drop-ins joined.

    `sections` hold the settings that count, in order: what an empty value takes back is gone, and where a setting takes
    one value only, the last one is it. `enablement` says what is configured, `start` what follows from all units at
    boot.
    """

    name: str
    path: str | None
    sections: Mapping[str, tuple[Setting, ...]]
    drop_ins: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    enablement: Enablement = Enablement.STATIC
    start: Start = Start.DISABLED

    @property
    def kind(self) -> str:
        """`service`, `socket`, `target` and so on."""
        return self.name.rpartition(".")[2]

    @property
    def instance(self) -> str | None:
        """What stands between `@` and the suffix; None when the unit has no `@`, empty for a template."""
        prefix, at, rest = self.name.rpartition(".")[0].partition("@")
        return rest if at and prefix else None

    @property
    def is_template(self) -> bool:
        return self.instance == ""

    def get(self, section: str, key: str) -> Setting | None:
        """The setting that counts where a key takes one value."""
        found = self.all(section, key)
        return found[-1] if found else None

    def all(self, section: str, key: str) -> tuple[Setting, ...]:
        """Every setting of a key that takes a list."""
        return tuple(setting for setting in self.sections.get(section, ()) if setting.key == key)

    def says(self, section: str, key: str) -> bool:
        """Whether a yes-or-no setting is yes."""
        setting = self.get(section, key)
        return setting is not None and setting.value.lower() in ("yes", "true", "on", "1", "y", "t")

    def words(self, section: str, *keys: str) -> tuple[str, ...]:
        """The words of list settings, as dependencies are written."""
        return tuple(word for key in keys for setting in self.all(section, key) for word in setting.value.split())
