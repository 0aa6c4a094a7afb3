"""Devices with pages of their own, and the libraries that were copied into them: current ones, and those of the year in
which the pages were written."""

import gzip

from firmward.model.memory import Content
from truth.advised import LibraryAdvisories
from truth.device_base import LAN, LOW_UPDATER, SUPPORT, UPDATE, WEB_LISTEN, lighttpd, policy, profile, vendor_root
from truth.row import Mistake, Truth

WEB_IN = f"{LAN} tcp dport 443 ct state new limit rate 20/second accept"
WEB_PROFILE = profile(
    "/usr/sbin/lighttpd", "/usr/share/www/** r,\n  /etc/lighttpd/* r,\n  capability net_bind_service,"
)
WWW = "usr/share/www"
SOURCE = "GitHub Advisory Database, npm"


def panel(release: str, scripts: dict[str, Content]) -> dict[str, Content]:
    return {
        **vendor_root(release, ("web", 80), inputs=WEB_IN, mac={"usr.sbin.lighttpd": WEB_PROFILE}),
        **lighttpd(),
        **{f"{WWW}/{path}": content for path, content in scripts.items()},
    }


def banner(text: str, code: str = "!function(e){}(window);\n") -> str:
    return f"/*! {text} */\n{code}"


def old(where: str, path: str, content: Content, *without: str) -> Mistake:
    paths = tuple(f"{WWW}/{one}" for one in without)
    return Mistake("web-library-vulnerable", SOURCE, where, {f"{WWW}/{path}": content}, paths)


BUNDLE = f'{banner("jQuery v3.7.1 | (c) OpenJS Foundation")}f.version="2.30.1",e=T,f.fn=i;\n'
OLD_BUNDLE = BUNDLE.replace("2.30.1", "2.24.0")
MONITOR = panel(
    "PanelOS 4.2.0",
    {
        "js/jquery-3.7.1.min.js": "!function(e){}(window);\n",
        "js/vendor.js": BUNDLE,
        "css/bootstrap.min.css": "/*!\n * Bootstrap v3.4.1 (https://getbootstrap.com/)\n */body{margin:0}\n",
        "js/app.js": '// needs jQuery v1.9.1 or newer\n$("#state").load("/state");\n',
    },
)
METER = panel(
    "MeterPages 4.2.0",
    {
        "lib/lodash.min.js": 'x.VERSION="4.17.21",r(["bind","bindKey"],n);\n',
        "lib/jquery-ui.min.js.gz": gzip.compress(banner("jQuery UI - v1.13.2 - 2022-07-14").encode(), mtime=0),
        "lib/handlebars.min.js": "/**!\n\n @license\n handlebars v4.7.8\n*/\n",
        "lib/jquery.dataTables.min.js": "/*!\n DataTables 1.13.6\n*/\n",
        "table.html": f"<html><script>{banner('jQuery v3.7.1 | (c) OpenJS Foundation')}</script></html>\n",
    },
)
OLD_UI = gzip.compress(banner("jQuery UI - v1.11.4 - 2015-03-11").encode(), mtime=0)
ADVISED = LibraryAdvisories()
SYSTEMS: tuple[Truth, ...] = (
    Truth(
        "vendor-panel-pages",
        "vendor",
        "busybox",
        MONITOR,
        (
            old("jquery-1.12.4", "js/jquery-1.12.4.min.js", "!function(e){}(window);\n", "js/jquery-3.7.1.min.js"),
            old("moment-2.24.0", "js/vendor.js", OLD_BUNDLE),
            old("bootstrap-3.3.7", "css/bootstrap.min.css", "/*!\n * Bootstrap v3.3.7 (http)\n */body{margin:0}\n"),
        ),
        policy("panel", SUPPORT, UPDATE, WEB_LISTEN),
        low=LOW_UPDATER,
        advisories=ADVISED,
    ),
    Truth(
        "vendor-meter-pages",
        "vendor",
        "busybox",
        METER,
        (
            old("lodash-4.17.4", "lib/lodash.min.js", 'x.VERSION="4.17.4",u("bind bindKey",n);\n'),
            old("jquery-ui-1.11.4", "lib/jquery-ui.min.js.gz", OLD_UI),
            old("handlebars-4.0.11", "lib/handlebars.min.js", "/**!\n\n @license\n handlebars v4.0.11\n*/\n"),
            old("datatables.net-1.10.19", "lib/jquery.dataTables.min.js", "/*!\n DataTables 1.10.19\n*/\n"),
            old("jquery-1.8.3", "table.html", "<script>/*!\n * jQuery JavaScript Library v1.8.3\n */</script>\n"),
        ),
        policy("meter", SUPPORT, UPDATE, WEB_LISTEN),
        low=LOW_UPDATER,
        advisories=ADVISED,
    ),
)
