"""Libraries in pages: by what each is known, what is not one, and what a hostile script can do."""

import gzip
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts import contents, web_library_search
from firmward.facts.collection import Collection
from firmward.facts.components import Components
from firmward.facts.web_libraries import WebLibraries
from firmward.facts.web_library_row import rows
from firmward.facts.web_library_search import SIZE_LIMIT, VERSIONS_LIMIT, WebLibrarySearch
from firmward.model.component import Component, Witness
from firmward.model.memory import Content, MemoryTree
from firmward.model.words import WordSearch

SEARCH = WebLibrarySearch(rows(), WordSearch())
JQUERY = "/*! jQuery v3.4.1 | (c) JS Foundation */\n"


def told(text: str | bytes, path: str = "www/x.js") -> list[tuple[str, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    return [(one.name, one.version) for one in SEARCH.libraries(path, data)]


WORDS = (
    ("jquery", "3.4.1", "/*! jQuery v3.4.1 | (c)"),
    ("jquery", "1.7.1", "/*! jQuery v1.7.1 jquery.com |"),
    ("jquery", "1.8.3", "/*!\n * jQuery JavaScript Library v1.8.3\n"),
    ("jquery", "3.4.1", 'f="3.4.1",k=function(e,t){return new k.fn.init(e,t)}'),
    ("jquery-ui", "1.12.1", "/*! jQuery UI - v1.12.1 - 2016-09-14\n"),
    ("jquery-ui", "1.8.24", "/*!\n * jQuery UI 1.8.24\n"),
    ("jquery-ui", "1.12.1", 't.ui.version="1.12.1";'),
    ("jquery-mobile", "1.5.0-pre", "/*!\n* jQuery Mobile 1.5.0-pre\n"),
    ("jquery-validation", "1.19.3", "/*! jQuery Validation Plugin - v1.19.3 - 1/9/2021"),
    ("angular", "1.5.0", "/*\n AngularJS v1.5.0\n"),
    ("angular", "1.5.0", '"] http://errors.angularjs.org/1.5.0/"'),
    ("vue", "2.6.10", "/*!\n * Vue.js v2.6.10\n"),
    ("react", "16.4.0", "/** @license React v16.4.0\n * react.production.min.js"),
    ("react-dom", "16.4.0", "/** @license React v16.4.0\n * react-dom.production.min.js"),
    ("react-dom", "16.4.0", 'version:"16.4.0",rendererPackageName:"react-dom"'),
    ("lodash", "3.10.1", " * lodash 3.10.1 (Custom Build) lodash.com/license | Underscore.js 1.8.3"),
    ("lodash", "4.17.4", 'On.VERSION="4.17.4",u("bind bindKey'),
    ("lodash", "4.17.4", "/** Used as the semantic version number. */\n  var VERSION = '4.17.4';"),
    ("underscore", "1.8.3", "//     Underscore.js 1.8.3\n"),
    ("backbone", "1.2.3", "//     Backbone.js 1.2.3\n"),
    ("handlebars", "4.0.11", "/**!\n\n @license\n handlebars v4.0.11\n"),
    ("handlebars", "4.0.11", 'm="4.0.11";b.VERSION=m;var n=7;b.COMPILER_REVISION=n'),
    ("mustache", "2.3.2", 'mustache.name="mustache.js";mustache.version="2.3.2";'),
    ("mustache", "4.2.0", "name: 'mustache.js',\n  version: '4.2.0',"),
    ("dojo", "1.10.4", 'version={major:1,minor:10,patch:4,flag:"",revision:1}'),
    ("prototype", "1.7", "/*  Prototype JavaScript framework, version 1.7\n"),
    ("mootools", "1.6.0", "this.MooTools = {\n\tversion: '1.6.0',"),
    ("yui", "3.18.1", 'n="3.18.1",r=".",i="http://yui.yahooapis.com/"'),
    ("extjs", "5.0.0.970", "/*\nThis file is part of Ext JS 5.0.0.970\n"),
    ("ember-source", "3.24.1", "@overview  Ember - JavaScript Application Framework\n * @version   3.24.1\n"),
    ("knockout", "3.5.2", " * Knockout JavaScript library v3.5.2\n"),
    ("zepto", "1.1.6", "/* Zepto 1.1.6 - zepto event"),
    ("requirejs", "2.3.6", " * @license RequireJS 2.3.6 Copyright"),
    ("axios", "0.21.0", "/* axios v0.21.0 | (c)"),
    ("socket.io-client", "4.7.5", "/*!\n * Socket.IO v4.7.5\n"),
    ("sockjs-client", "1.6.1", "/* sockjs-client v1.6.1 | http"),
    ("dompurify", "2.0.0", 'u.version="2.0.0",u.removed=[],'),
    ("modernizr", "3.11.0", "/*! modernizr 3.11.0 (Custom"),
    ("less", "4.1.1", " * Less - Leaner CSS v4.1.1\n"),
    ("moment", "2.24.0", "//! moment.js\n//! version : 2.24.0\n"),
    ("moment", "2.29.1", 'f.version="2.29.1",e=Tt,f.fn=i'),
    ("bootstrap", "4.6.1", "/*!\n  * Bootstrap v4.6.1 (https"),
    ("bootstrap", "3.4.1", " * Bootstrap: modal.js v3.4.1\n"),
    ("bootstrap", "2.3.2", " * bootstrap-transition.js v2.3.2\n"),
    ("bootbox", "5.5.2", " * bootbox.js 5.5.2\n"),
    ("datatables.net", "1.10.19", "/*!\n DataTables 1.10.19\n"),
    ("datatables.net", "1.10.19", 'n.version="1.10.19";n.settings=[];n.models={'),
    ("select2", "4.0.13", "/*! Select2 4.0.13 | https"),
    ("ckeditor4", "4.12.1", '{timestamp:"J5S9",version:"4.12.1 (Standard)"'),
    ("tinymce", "4.9.11", 'majorVersion:"4",minorVersion:"9.11",releaseDate:'),
    ("tinymce", "6.0.0", "/**\n * TinyMCE version 6.0.0 (2020"),
    ("codemirror", "5.63.1", '  CodeMirror.version = "5.63.1";'),
    ("summernote", "0.8.20", "/*! Summernote v0.8.20 | (c)"),
    ("fullcalendar", "3.10.1", "/*!\n * FullCalendar v3.10.1\n"),
    ("flatpickr", "4.6.13", "/* flatpickr v4.6.13,, @license"),
    ("inputmask", "5.0.7", "* https://github.com/RobinHerbots/Inputmask\n * Licensed\n * Version: 5.0.7\n"),
    ("elfinder", "2.1.65", " * elFinder - file manager for web\n * Version 2.1.65 (2024"),
    ("plupload", "2.1.9", " * Plupload - multi-runtime File Uploader\n * v2.1.9\n"),
    ("tablesorter", "2.31.3", 'A.tablesorter={version:"2.31.3",'),
    ("pnotify", "2.1.0", "/*\nPNotify 2.1.0 sciactive"),
    ("hammerjs", "2.0.7", "/*! Hammer.JS - v2.0.7 - 2016"),
    ("popper.js", "1.16.1", "@fileOverview Kickass library to place poppers.\n * @version 1.16.1\n"),
    ("font-awesome", "4.7.0", " *  Font Awesome 4.7.0 by @davegandy"),
    ("@fortawesome/fontawesome-free", "5.15.4", " * Font Awesome Free 5.15.4 by @fontawesome"),
    ("normalize.css", "8.0.1", "/*! normalize.css v8.0.1 | MIT"),
    ("d3", "5.9.0", "// https://d3js.org v5.9.0 Copyright"),
    ("chart.js", "2.9.4", " * Chart.js v2.9.4\n"),
    ("chart.js", "1.1.1", " * Chart.js\n * http://chartjs.org/\n * Version: 1.1.1\n"),
    ("highcharts", "10.3.2", "/*\n Highstock JS v10.3.2 (2022"),
    ("highcharts", "10.3.2", 'a.product="Highcharts";a.version="10.3.2";'),
    ("uplot", "1.6.18", "/*! https://github.com/leeoniya/uPlot (v1.6.18) */"),
    ("flot", "0.8.3", "/* Javascript plotting library for jQuery, version 0.8.3.\n"),
    ("morris.js", "0.5.0", "/* @license\nmorris.js v0.5.0\n"),
    ("raphael", "2.3.0", "Raphaël 2.3.0 - JavaScript Vector Library"),
    ("video.js", "7.0.0", " * Video.js 7.0.0 <http"),
    ("hls.js", "1.4.0", "in hls.js version 1.4.0')"),
    ("swfobject", "2.2", "/*\tSWFObject v2.2 <http"),
    ("pdfjs-dist", "2.2.228", "var pdfjsVersion = '2.2.228';"),
    ("pdfjs-dist", "1.10.100", 't.version="1.10.100",t.build="ea29ec83"'),
    ("leaflet", "1.7.1", " * Leaflet 1.7.1, a JS library for interactive maps."),
    ("three", "0.110.0", '("register",{detail:{revision:"110"}}'),
    ("crypto-js", "3.1.2", "/*\nCryptoJS v3.1.2\n"),
    ("jsencrypt", "3.0.0-rc.1", 'getPublicBaseKeyB64()},t.version="3.0.0-rc.1"'),
    ("jszip", "3.7.1", "JSZip v3.7.1 - A JavaScript"),
    ("pako", "2.0.4", "/*! pako 2.0.4 https"),
    ("pdfmake", "0.2.4", "/*! pdfmake v0.2.4, @license"),
)


@pytest.mark.parametrize(("name", "version", "text"), WORDS)
def test_a_library_is_known_by_its_own_words(name: str, version: str, text: str) -> None:
    assert told(f"var a;{text}") == [(name, version)]


def test_each_row_has_words_here_and_a_file_that_was_read() -> None:
    assert {row.name for row in rows()} == {name for name, _, _ in WORDS}
    assert len({row.name for row in rows()}) == len(rows()) >= 60
    assert all(len(row.example.split()) >= 4 for row in rows())


OTHERS = (
    "Bootstrap's JavaScript requires jQuery version 1.9.1 or higher, but lower than version 4",
    " * Depends:\n *\tjquery.ui.core.js v1.8.24\n * jQuery 1.4.2",
    " Partially based on Prototype JavaScript framework, version 1.6.0 (c) 2005-2007",
    " * Based on Underscore.js 1.8.3 <http://underscorejs.org/LICENSE>",
    "/*! DataTables Bootstrap 3 integration 1.10.19",
    "// https://d3js.org/d3-array/ v1.2.4 Copyright",
    "/*! jQuery v",
    "/*! jQuery v3 |",
    '<script src="https://code.jquery.com/jquery-3.4.1.min.js"></script>',
    'version="1.1.1";e=1',
)


@pytest.mark.parametrize("text", OTHERS)
def test_what_others_need_or_are_based_on_is_no_library(text: str) -> None:
    assert told(text) == []


NAMES = (
    ("jquery-3.4.1.min.js", [("jquery", "3.4.1")]),
    ("jquery-1.7.2.js", [("jquery", "1.7.2")]),
    ("jQuery-2.1.4.min.js.gz", [("jquery", "2.1.4")]),
    ("jquery-ui-1.10.3.custom.min.js", [("jquery-ui", "1.10.3")]),
    ("bootstrap-3.3.7.min.css", [("bootstrap", "3.3.7")]),
    ("jquery.dataTables-1.10.4.js", [("datatables.net", "1.10.4")]),
    ("jquery-3.4.1.cookie.js", []),
    ("jquery-3.js", []),
    ("myjquery-3.4.1.js", []),
    ("jquery-3.4.1.js.txt", []),
)


@pytest.mark.parametrize(("name", "found"), NAMES)
def test_a_name_tells_where_the_words_do_not(name: str, found: list[tuple[str, str]]) -> None:
    assert told("x()", f"www/{name}") == found


def test_words_count_before_a_name() -> None:
    assert told(JQUERY, "www/jquery-1.2.3.js") == [("jquery", "3.4.1")]


def test_a_bundle_holds_several_and_two_versions_of_one() -> None:
    bundle = f"{JQUERY}x();/*! jQuery v1.12.4 | (c) */ /*!\n * Vue.js v2.6.10\n"
    assert sorted(told(bundle)) == [("jquery", "1.12.4"), ("jquery", "3.4.1"), ("vue", "2.6.10")]


def test_a_list_of_versions_is_no_answer() -> None:
    text = "".join(f"/*! jQuery v3.{number}.0 | */\n" for number in range(VERSIONS_LIMIT + 1))
    assert told(text) == []


def test_evidence_says_the_line_and_the_words() -> None:
    one = next(iter(SEARCH.libraries("www/all.js", b"a\nb\n" + JQUERY.encode())))
    assert (one.evidence.at.line, one.evidence.text, one.evidence.witness) == (3, "/*! jQuery v3.4.1", Witness.TEXT)
    assert (one.purl, one.vendor, one.product) == ("pkg:npm/jquery@3.4.1", "jquery", "jquery")


def test_a_name_with_a_scope_is_a_namespace() -> None:
    one = next(iter(SEARCH.libraries("www/all.css", b" * Font Awesome Free 5.15.4 by @fontawesome")))
    assert one.purl == "pkg:npm/%40fortawesome/fontawesome-free@5.15.4"


def libraries(files: dict[str, Content]) -> list[tuple[str, str, str]]:
    found = Collection(MemoryTree(files)).get(WebLibraries)
    assert found is None or isinstance(found, WebLibraries)
    return [] if found is None else [(one.name, one.version, one.path) for one in found.found]


def components(files: dict[str, Content]) -> dict[str, Component]:
    found = Collection(MemoryTree(files)).get(Components)
    assert found is None or isinstance(found, Components)
    return {} if found is None else {one.purl: one for one in found.found}


SERVED: list[tuple[str, Content, bool]] = [
    ("www/a.js", JQUERY, True),
    ("www/a.mjs", JQUERY, True),
    ("www/index.html", f"<script>{JQUERY}</script>", True),
    ("www/INDEX.HTM", f"<script>{JQUERY}</script>", True),
    ("www/style.css", JQUERY, True),
    ("www/a.js.gz", gzip.compress(JQUERY.encode(), mtime=0), True),
    ("www/a.js.gz", gzip.compress(JQUERY.encode() * 9, mtime=0)[:-12], True),
    ("www/a.js.gz", b"\x1f\x8bnonsense", False),
    ("www/notes.txt", JQUERY, False),
    ("www/a.js.map", JQUERY, False),
    ("www/a.js", b"\0" + JQUERY.encode(), False),
]


@pytest.mark.parametrize(("path", "content", "is_told"), SERVED)
def test_scripts_pages_and_style_sheets_are_read_packed_or_not(path: str, content: Content, is_told: bool) -> None:
    assert bool(libraries({path: content})) is is_told


def test_copies_are_one_component_with_all_their_files() -> None:
    found = components({"www/a.js": JQUERY, "www/b.js": JQUERY})["pkg:npm/jquery@3.4.1"]
    assert found.files == ("www/a.js", "www/b.js")
    assert found.cpes == ("cpe:2.3:a:jquery:jquery:3.4.1:*:*:*:*:*:*:*",)


def test_a_package_of_npm_and_its_script_are_one_component() -> None:
    found = components(
        {
            "srv/node_modules/jquery/package.json": '{"name": "jquery", "version": "3.4.1", "license": "MIT"}',
            "srv/node_modules/jquery/dist/jquery.js": JQUERY,
        }
    )
    one = found["pkg:npm/jquery@3.4.1"]
    assert [evidence.witness for evidence in one.evidence] == [Witness.METADATA, Witness.TEXT]
    assert one.cpes


def test_what_a_distributions_package_brought_is_its_evidence() -> None:
    status = "Package: libjs-jquery\nStatus: install ok installed\nVersion: 3.4.1+dfsg-1\n"
    found = components(
        {
            "var/lib/dpkg/status": status,
            "var/lib/dpkg/info/libjs-jquery.list": "/usr/share/javascript/jquery/jquery.js\n",
            "usr/share/javascript/jquery/jquery.js": JQUERY,
        }
    )
    assert [one.name for one in found.values()] == ["libjs-jquery"]


def test_a_bomb_is_unpacked_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b" " * (SIZE_LIMIT + 1000))
    assert len(web_library_search.unpacked(bomb)) == SIZE_LIMIT
    monkeypatch.setattr(contents, "UNPACKED_LIMIT", SIZE_LIMIT)
    found = Collection(MemoryTree({f"www/{n}.js.gz": bomb for n in range(3)})).get(contents.Contents)
    assert isinstance(found, contents.Contents)
    assert found.unread == ("not all packed pages were searched: more than 16 MiB",)


def test_a_script_that_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_library_search, "SIZE_LIMIT", 10)
    found = Collection(MemoryTree({"www/a.js": JQUERY})).get(contents.Contents)
    assert isinstance(found, contents.Contents)
    assert found.libraries == ()
    assert "was not searched for libraries of pages" in found.unread[0]


def test_all_anchors_a_hundred_thousand_times_cost_little() -> None:
    anchors = b"\n".join(sorted({wording.anchor for row in rows() for wording in row.words}))
    data = (anchors * (2_000_000 // len(anchors)))[:2_000_000]
    started = time.process_time()
    told(data)
    assert time.process_time() - started < 3


@given(st.binary(max_size=200), st.sampled_from([text for _, _, text in WORDS]))
def test_anything_around_words_is_no_error(noise: bytes, text: str) -> None:
    for one in SEARCH.libraries("www/x.js", noise + text.encode()[: len(text) - len(noise) % 7] + noise):
        assert one.evidence.text.isprintable()
