"""An option is set in its file of the draft, by the format of its place."""

import pytest

from firmward.harden.changes.set_option import apply
from firmward.harden.draft import Draft, Refused
from firmward.harden.site import Site
from firmward.model.facts import Facts, Source
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.remedy import SetOption

FILES: dict[str, Content] = {
    "etc/config/dropbear": "config dropbear main\n\toption PasswordAuth 'off'\n",
    "etc/uci-defaults/95-trial": executable(
        "uci -q batch <<-EOT\n\tset dropbear.main.PasswordAuth='on'\n\tset dropbear.b.PasswordAuth=on\nEOT\n"
    ),
    "etc/vsftpd.conf": link("/data/vsftpd.conf"),
}


@pytest.fixture
def site() -> Site:
    return Site(Draft(MemoryTree(FILES)), Facts("image", Source.IMAGE, {}))


def test_a_file_that_is_not_there_is_made(site: Site) -> None:
    apply(SetOption("etc/sysctl.d/99-hardening.conf", "kernel.kptr_restrict", "1"), site)
    assert site.draft.text("etc/sysctl.d/99-hardening.conf") == "kernel.kptr_restrict = 1\n"


def test_what_the_first_start_would_set_is_set_there_too(site: Site) -> None:
    apply(SetOption("etc/config/dropbear", "PasswordAuth", "off", "main"), site)
    assert [one.path for one in site.draft.touched()] == ["etc/uci-defaults/95-trial"]
    text = site.draft.text("etc/uci-defaults/95-trial") or ""
    assert "set dropbear.main.PasswordAuth='off'\n" in text
    assert "set dropbear.b.PasswordAuth=on\n" in text


@pytest.mark.parametrize(
    "change",
    [
        SetOption("usr/bin/program", "a", "b"),
        SetOption("etc/sysctl.conf", "a", "1\nb = 2"),
        SetOption("etc/sysctl.conf", "a\r", "1"),
        SetOption("etc/ssh/sshd_config", "a", "b", "Match User x\nPermitRootLogin yes"),
        SetOption("../etc/sysctl.conf", "a", "b"),
        SetOption("etc/vsftpd.conf", "a", "b"),
        SetOption("etc/config/dropbear", "a", "b", "other"),
    ],
)
def test_what_cannot_be_set_changes_nothing(site: Site, change: SetOption) -> None:
    with pytest.raises(Refused):
        apply(change, site)
    assert list(site.draft.touched()) == []
