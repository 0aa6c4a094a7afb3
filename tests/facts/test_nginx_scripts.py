"""Which scripts nginx hands requests to, by what it names them."""

import pytest

from firmward.facts.process import Manager, Process, Start
from firmward.facts.web.nginx import judged
from firmward.formats.nginx import parse
from firmward.model.location import Location

CONF = "http {{ server {{ root /www;\n{}\nlocation {} {{ fastcgi_pass unix:/run/f.sock; {} }} }} }}\n"


def run(where: str, inner: str, outer: str = "") -> str:
    process = Process(("nginx",), "nginx", Manager.SYSV, Start.BOOT, Location("etc/init.d/nginx"))
    top = parse(CONF.format(outer, where, inner), "etc/nginx/nginx.conf", lambda name, at: ())
    [cgi] = judged(tuple(top), process).cgi
    return cgi.path


NAME = "fastcgi_param SCRIPT_FILENAME {};"


@pytest.mark.parametrize(
    ("where", "inner", "outer", "path"),
    [
        ("/cgi/", NAME.format("/usr/share/app$fastcgi_script_name"), "", "usr/share/app/cgi"),
        ("/cgi/", NAME.format("/usr/share/app${fastcgi_script_name}"), "", "usr/share/app/cgi"),
        ("/cgi/", NAME.format("/usr/share/app$uri"), "", "usr/share/app/cgi"),
        ("~ ^/cgi/.*$", NAME.format("/usr/share/app$fastcgi_script_name"), "", "usr/share/app/cgi"),
        ("/cgi/", NAME.format("/usr/lib/app/$script"), "", "usr/lib/app"),
        ("/api", NAME.format("/usr/lib/app/api.py"), "", "usr/lib/app/api.py"),
        ("/cgi/", NAME.format("$document_root$fastcgi_script_name"), "", "www/cgi"),
        ("/cgi/", NAME.format("$request_filename"), "", "www/cgi"),
        ("/cgi/", "", "", "www/cgi"),
        ("/cgi/", "", NAME.format("/usr/lib/app$fastcgi_script_name"), "usr/lib/app/cgi"),
        ("/cgi/", "fastcgi_param X 1;", NAME.format("/usr/lib/app$fastcgi_script_name"), "www/cgi"),
        ("/cgi/", "fastcgi_param DOCUMENT_ROOT /usr/lib/app;", "", "usr/lib/app/cgi"),
    ],
)
def test_the_script_is_where_its_name_says(where: str, inner: str, outer: str, path: str) -> None:
    assert run(where, inner, outer).strip("/") == path
