"""Values from outside followed through scripts: what harms is told, and what was made harmless is not."""

# ruff: noqa: E501 - each script of a table stands on one line

import time

import pytest

from firmward.facts.injection import language, python, shell, tokens
from firmward.facts.injection.language import LUA, PERL, PHP, UCODE, Language
from firmward.facts.injection.record import Reading, Text, load_nothing

SHELL = (
    ("eval $(echo \"$QUERY_STRING\"|awk -F'&' '{for(i=1;i<=NF;i++){print $i}}')", "code"),
    ("eval `echo \"${QUERY_STRING}\"|tr '&' ';'`", "code"),
    ('read QUERY_STRING\neval $(echo "$QUERY_STRING"|awk x)', "code"),
    ('cmd=`echo "$QUERY_STRING" | sed -n "s/x/y/p"`\nanswer=`bash -c "$cmd"`', "command"),
    ('echo "$QUERY_STRING" | sed "s/%20/ /g" | bash', "command"),
    ('if [ -n "$QUERY_STRING" ]; then\n bash -c "$HTTP_USER_AGENT"\nfi', "command"),
    ('POST=$(dd bs=1 count=$CONTENT_LENGTH)\nSCR=$(echo -n "$POST"|head -n1)\neval "$SCR"', "code"),
    ('x=$(echo "$QUERY_STRING" | tr -cd a-z0-9)\neval "echo $x"', ""),
    ('ip=$(echo "$QUERY_STRING" | cut -d= -f2)\nping -c 1 "$ip"', ""),
    ('ip=$(echo "$QUERY_STRING" | cut -d= -f2)\nping -c 1 $ip', "argument"),
    ('ip=$(echo "$QUERY_STRING" | cut -d= -f2)\ncase "$ip" in *[!0-9.]*) exit 1;; esac\nsh -c "ping $ip"', ""),
    ('case "$QUERY_STRING" in start|stop) sh -c "svc $QUERY_STRING";; esac', ""),
    ('case "$QUERY_STRING" in start*) sh -c "svc $QUERY_STRING";; esac', "command"),
    ('x=$HTTP_X\nif ! echo "$x" | grep -qE "^[0-9]+$"; then exit; fi\neval a=$x', ""),
    ('x=$HTTP_X\nif echo "$x" | grep -q foo; then exit; fi\neval a=$x', "code"),
    (
        'get() { echo "$QUERY_STRING" | sed -n "s/.*$1=\\([^&]*\\).*/\\1/p"; }\nh=$(get host)\neval "nslookup $h"',
        "code",
    ),
    ('run() { sh -c "$1"; }\nrun "$QUERY_STRING"', "command"),
    ('while read l; do eval "$l"; done < /etc/conf', ""),
    ('echo "$QUERY_STRING" | tr "&" "\\n" | while read kv; do eval "$kv"; done', "code"),
    ('IFS="&"; set -- $QUERY_STRING\nfor p in "$@"; do eval "$p"; done', "code"),
    ('for p in ${QUERY_STRING//&/ }; do export "$p"; done', ""),
    ("sqlite3 /db \"select * from t where a='$FORM_a'\"", "sql"),
    ("$QUERY_STRING", "command"),
    (". /www/inc/$FORM_page", "include"),
    ('echo "$FORM_a" > /tmp/x; cat /tmp/x', ""),
    ("x=${QUERY_STRING#*=}\nx=${x//[^a-z]/}\neval $x", ""),
    ('awk "/$FORM_a/ {print}" /f', "code"),
    ('[ "$QUERY_STRING" = "go" ] || exit 1\neval $QUERY_STRING', ""),
    ('eval "$(cat)"', "code"),
    ("cat | sh", "command"),
    ('data=$(cat /etc/x)\neval "$data"', ""),
)
PYTHON = (
    ('import cgi,os\nf=cgi.FieldStorage()\nh=f.getvalue("h")\nos.system("ping "+h)', "command"),
    ('import cgi,os,shlex\nf=cgi.FieldStorage()\nh=shlex.quote(f.getvalue("h"))\nos.system("ping "+h)', ""),
    ('import cgi,subprocess\nf=cgi.FieldStorage()\nsubprocess.call(["ping",f["h"].value])', ""),
    ('import cgi,subprocess\nf=cgi.FieldStorage()\nsubprocess.call("ping %s" % f["h"].value, shell=True)', "command"),
    ('import cgi,subprocess\nf=cgi.FieldStorage()\nsubprocess.call(["sh","-c","ping "+f["h"].value])', "command"),
    ('from flask import request\n@app.route("/x")\ndef x():\n  n=request.args.get("n")\n  return eval(n)', "code"),
    ('@app.route("/x/<name>")\ndef x(name):\n  os.popen(f"cat {name}")', "command"),
    ('@app.route("/x/<int:name>")\ndef x(name):\n  os.popen(f"cat {name}")', ""),
    ('import os\nq=os.environ["QUERY_STRING"]\nos.system(q)', "command"),
    ('def run(c):\n  os.system(c)\nrun(request.form["a"])', "command"),
    ('n=request.args["n"]\ncur.execute("select * from t where a=\'%s\'" % n)', "sql"),
    ('n=request.args["n"]\ncur.execute("select * from t where a=?", (n,))', ""),
    ('n=request.args["n"]\nif n not in ("a","b"):\n  raise X\nos.system(n)', ""),
    ('n=request.args["n"]\nif n in ("a","b"):\n  os.system(n)', ""),
    ('n=request.args["n"]\nif not re.match("^a$", n):\n  return\nos.system(n)', ""),
    ("import pickle\npickle.loads(request.data)", "object"),
    ('n=int(request.args["n"])\nos.system("x %d" % n)', ""),
    ('class H:\n  def do_GET(self):\n    os.system("x "+self.path)', "command"),
    (
        'length=int(self.headers["Content-Length"])\nbody=self.rfile.read(length)\nd=json.loads(body)\nsubprocess.Popen(d["cmd"], shell=True)',
        "command",
    ),
)
OTHERS = (
    (PHP, '<?php system("ping ".$_GET["ip"]); ?>', "command"),
    (PHP, '<?php system("ping ".escapeshellarg($_GET["ip"])); ?>', ""),
    (PHP, '<?php $ip = $_POST["ip"]; $out = shell_exec("ping -c 1 $ip"); ?>', "command"),
    (PHP, '<?php $ip = intval($_POST["ip"]); $out = shell_exec("ping -c 1 $ip"); ?>', ""),
    (PHP, '<?php $ip = (int)$_POST["ip"]; $out = shell_exec("ping -c 1 $ip"); ?>', ""),
    (PHP, '<?php $c = isset($_GET["c"]) ? $_GET["c"] : ""; eval($c); ?>', "code"),
    (PHP, '<?php $c = $_GET["c"] == "a" ? "A" : "B"; eval($c); ?>', ""),
    (PHP, '<?php if (isset($_GET["x"])) $x = $_GET["x"]; else $x = ""; exec("a $x"); ?>', "command"),
    (PHP, '<?php if (isset($_GET["x"])) { $x = $_GET["x"]; } else { $x = ""; } exec("a $x"); ?>', "command"),
    (PHP, '<?php function run($c) { return shell_exec($c); } echo run($_GET["c"]);', "command"),
    (
        PHP,
        '<?php function get($n) { return $_GET[$n]; } $q = get("a"); mysql_query("select * from t where a=\'$q\'");',
        "sql",
    ),
    (PHP, '<?php $r = mysqli_query($db, "SELECT a FROM t WHERE id=" . $_GET["id"]);', "sql"),
    (PHP, '<?php $s=$db->prepare("SELECT a FROM t WHERE id=?"); $s->execute([$_GET["id"]]);', ""),
    (PHP, '<?php $sql = "SELECT a FROM t WHERE id=" . $_GET["id"]; $db->query($sql);', "sql"),
    (PHP, '<?php include($_GET["page"] . ".php");', "include"),
    (PHP, '<?php include "inc/" . $_GET["page"];', "include"),
    (PHP, '<?php if (!in_array($_GET["p"], $pages)) die(); include $_GET["p"];', ""),
    (PHP, '<?php if (!preg_match("/^[a-z]+$/", $_GET["p"])) die(); include $_GET["p"];', ""),
    (PHP, '<?php $a = unserialize($_COOKIE["x"]);', "object"),
    (PHP, "<?php echo `ls $_GET[d]`;", "command"),
    (PHP, '<?php foreach ($_POST as $k => $v) { exec("uci set $k=$v"); }', "command"),
    (PHP, '<?php echo htmlspecialchars($_GET["a"]); system("date");', ""),
    (PHP, '<?php $x = preg_replace("/[^a-z0-9]/", "", $_GET["x"]); system("a $x");', ""),
    (PHP, '<?php class A { function go() { $this->c = $_GET["c"]; exec($this->c); } }', "command"),
    (LUA, 'local h = luci.http.formvalue("h")\nos.execute("ping " .. h)', "command"),
    (LUA, 'local h = luci.http.formvalue("h")\nos.execute("ping " .. luci.util.shellquote(h))', ""),
    (LUA, 'local h = tonumber(luci.http.formvalue("h"))\nos.execute("ping " .. h)', ""),
    (
        LUA,
        'local http = require "luci.http"\nlocal h = http.formvalue("h")\nlocal f = io.popen("ping %s" % h)',
        "command",
    ),
    (LUA, 'local h = http.formvalue("h")\nif h and h:match("^[%w]+$") then\n os.execute("x "..h)\nend', ""),
    (
        LUA,
        'local h = http.formvalue("h")\nif h == nil then\n return\nend\nluci.sys.call(string.format("x %s", h))',
        "command",
    ),
    (
        LUA,
        'function action(addr)\n luci.sys.exec("ping " .. addr)\nend\nfunction index()\n entry({"a"}, call("action")).leaf = true\nend',
        "command",
    ),
    (
        LUA,
        'function action(addr)\n luci.sys.exec("ping " .. luci.util.shellquote(addr))\nend\nfunction index()\n entry({"a"}, call("action")).leaf = true\nend',
        "",
    ),
    (LUA, 'local q = os.getenv("QUERY_STRING")\nlocal x = q:gsub("[^%w]", "")\nos.execute("a "..x)', ""),
    (LUA, "function handle_request(env)\n local q = env.QUERY_STRING\n os.execute(q)\nend", "command"),
    (PERL, 'my $x = param("x"); system("ping $x");', "command"),
    (PERL, 'my $x = param("x"); system("ping", $x);', ""),
    (PERL, 'my $q = CGI->new; my $x = $q->param("x"); my $o = `ping $x`;', "command"),
    (PERL, 'my $q = CGI->new; my $x = $q->param("x"); if ($x !~ /^[a-z]+$/) { die; } my $o = `ping $x`;', ""),
    (PERL, 'my $x = $ENV{QUERY_STRING}; $x =~ s/[^a-z]//g; exec "a $x";', ""),
    (PERL, 'my $x = $ENV{"QUERY_STRING"}; exec "a $x";', "command"),
    (PERL, 'read(STDIN, $buf, $ENV{CONTENT_LENGTH}); open(F, "|mail $buf"); ', "command"),
    (
        PERL,
        'read(STDIN, $buf, $n); @p = split(/&/, $buf); foreach $pair (@p) { ($n, $v) = split(/=/, $pair); $FORM{$n} = $v; } open(M, "|/usr/sbin/sendmail $FORM{to}");',
        "command",
    ),
    (PERL, 'sub run { my ($a) = @_; system($a); } run(param("x"));', "command"),
    (PERL, 'sub run { my $a = shift; system($a); } run(param("x"));', "command"),
    (PERL, 'my $x = param("x"); eval { foo($x); }; print "a $x";', ""),
    (PERL, 'my ($x) = param("x") =~ /^(\\w+)$/; system("a $x");', ""),
    (PERL, 'my $x=param("id"); $dbh->do("delete from t where id=$x");', "sql"),
    (UCODE, 'let x = http.formvalue("x");\nsystem(`ping ${x}`);', "command"),
    (UCODE, 'let x = http.formvalue("x");\nsystem(["ping", x]);', ""),
    (UCODE, 'app.get("/", function(req, res) { exec("ping " + req.query.ip, cb); });', "command"),
)
RUBBISH = ("\0\1\2", "$(" * 300, "if " * 200, "'" + '"' * 99, "((((" * 400, "<?php " + "[" * 400, "`" * 401, "=~ s{{{{")


def sinks(reading: Reading) -> list[str]:
    return [str(flow.sink) for flow in reading.flows]


def holds(found: list[str], wanted: str) -> bool:
    """A word that becomes several is told beside worse."""
    return wanted in found if wanted else not found


@pytest.mark.parametrize(("text", "wanted"), SHELL)
def test_shell(text: str, wanted: str) -> None:
    assert holds(sinks(shell.read(Text("cgi-bin/x", text), load_nothing)), wanted)


@pytest.mark.parametrize(("text", "wanted"), PYTHON)
def test_python(text: str, wanted: str) -> None:
    assert holds(sinks(python.read(Text("x.py", text))), wanted)


@pytest.mark.parametrize(("spoken", "text", "wanted"), OTHERS)
def test_the_other_languages(spoken: Language, text: str, wanted: str) -> None:
    assert holds(sinks(tokens.read(Text("x", text), spoken)), wanted)


def test_a_hook_is_given_what_the_network_says() -> None:
    text = 'eval "set_name $hostname"\neval "$QUERY_STRING"\nlogger $domain\n'
    found = shell.read(Text("default.script", text), load_nothing, shell.EVENT).flows
    assert [(flow.source, flow.line, str(flow.sink)) for flow in found] == [("$hostname", 1, "code")]


def test_a_file_that_is_sourced_is_followed() -> None:
    files = {"lib.sh": 'run() { sh -c "$1"; }\n'}
    found = shell.read(
        Text("x", '. ./lib.sh\nrun "$QUERY_STRING"\n'), lambda name, by: Text("lib.sh", files[name.removeprefix("./")])
    )
    assert [(flow.path, flow.line) for flow in found.flows] == [("lib.sh", 1)]


def test_python_2_is_told_as_not_read() -> None:
    assert python.read(Text("x.py", "print 'a'\n")).problems


def test_a_text_that_does_not_close_makes_no_finding() -> None:
    found = tokens.read(Text("x.php", "<?php system($_GET['a']); echo 'open"), PHP)
    assert found.problems
    assert not found.flows


@pytest.mark.parametrize("text", RUBBISH)
def test_rubbish_is_read_to_its_end(text: str) -> None:
    hints = " formvalue QUERY_STRING $_GET[a] param "
    shell.read(Text("x", text), load_nothing)
    python.read(Text("x", text))
    for spoken in (language.PHP, language.LUA, language.PERL, language.UCODE):
        tokens.read(Text("x", text + hints + text), spoken)


@pytest.mark.parametrize("sign", ["<%", "--[[\n", "@{[", "<<A\n", "select ", "$(", "`", "/", "(", "s{", 'call("a" '])
def test_no_text_takes_long(sign: str) -> None:
    text = (sign * (20_000 // len(sign)))[:20_000]
    started = time.process_time()
    shell.read(Text("x", text), load_nothing)
    for spoken in (PHP, LUA, PERL, UCODE):
        tokens.read(Text("x", f"<?php formvalue QUERY_STRING $_GET \n{text}"), spoken)
        tokens.read(Text("x", f'<?php formvalue QUERY_STRING $_GET "{text}"'), spoken)
    assert time.process_time() - started < 5
