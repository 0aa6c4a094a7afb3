"""What the reader of a language's scripts knows: where values come from, what passes them on, where they harm."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmward.facts.injection.record import Sink
from firmward.formats import javascript_tokens, lua_tokens, perl_tokens, php_tokens
from firmward.formats.script_tokens import Tokens

NEVER = re.compile(r"(?!)")
COMMON_CLEAN = "tonumber int hex oct length len count strlen md5 sha1 sha256 crc32 uri_escape urlencode escape"


@dataclass(frozen=True, slots=True)
class Language:
    """`hint` must be found in a script that is worth reading. Names of calls are those after the last dot or arrow,
    but `sources` and `calls`, which match whole ones (`luci.http.formvalue`, `_GET[cmd]`).

    `sinks` name the calls that harm, `bare` those that need no brackets; `clean` calls give what is harmless, `passing`
    ones what they are given, and `checks` look at a value, after which it is known. `fills` calls write to an argument.
    """

    name: str
    tokens: Callable[[str], Tokens]
    hint: re.Pattern[str]
    sources: re.Pattern[str]
    calls: re.Pattern[str]
    sinks: Mapping[str, Sink]
    clean: frozenset[str]
    passing: frozenset[str]
    checks: frozenset[str]
    bare: frozenset[str] = frozenset()
    fills: Mapping[str, int] | None = None
    lists: bool = False
    """Calls with several arguments go by no shell."""
    strings_have_methods: bool = False
    sees_outer: bool = True
    """A function sees the variables around it."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _sinks(**names: str) -> dict[str, Sink]:
    return {word: Sink[kind] for kind, text in names.items() for word in text.split()}


PHP = Language(
    "PHP",
    php_tokens.php,
    re.compile(r"\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES)\b|HTTP_RAW_POST_DATA|php://input|HTTP_(?:GET|POST)_VARS"),
    re.compile(
        r"_(?:GET|POST|REQUEST|COOKIE)(?:\[.*)?|HTTP_(?:GET|POST|COOKIE)_VARS(?:\[.*)?|HTTP_RAW_POST_DATA|"
        r"_SERVER\[(?:HTTP_(?!HOST)\w+|QUERY_STRING|REQUEST_URI|PHP_SELF|PATH_INFO|ORIG_PATH_INFO|PHP_AUTH_\w+)\]|"
        r"_FILES\[.*\]\[(?:name|type)\]"
    ),
    re.compile(r"getallheaders|apache_request_headers"),
    _sinks(
        COMMAND="system exec shell_exec passthru popen proc_open pcntl_exec expect_popen ssh2_exec",
        CODE="eval assert create_function",
        INCLUDE="include include_once require require_once",
        OBJECT="unserialize",
        SQL="mysql_query mysqli_query mysql_unbuffered_query sqlite_query sqlite_exec pg_query mssql_query odbc_exec "
        "query multi_query real_query exec_sql querySingle queryExec",
    ),
    _words(
        COMMON_CLEAN + " escapeshellarg escapeshellcmd intval floatval boolval is_numeric in_array isset empty strcmp "
        "strcasecmp strpos stripos strstr_len preg_match preg_match_all array_key_exists is_array is_string filter_var "
        "filter_input count sizeof time date mktime strtotime rand sha512 hash bin2hex rawurlencode http_build_query "
        "base64_encode mysql_real_escape_string mysqli_real_escape_string real_escape_string escapeString quote "
        "pg_escape_string sqlite_escape_string addslashes password_hash password_verify ctype_alnum ctype_digit "
        "ctype_alpha ctype_xdigit file_exists is_file is_dir inet_pton ip2long round floor ceil abs min max "
        "number_format crypt dechex hexdec bindec ord json_encode basename method_exists "
        "function_exists class_exists array_search "
        "defined preg_quote session_id uniqid"
    ),
    _words(
        "trim ltrim rtrim chop substr str_replace str_ireplace strtolower strtoupper ucfirst urldecode rawurldecode "
        "base64_decode stripslashes htmlspecialchars htmlentities html_entity_decode strip_tags sprintf vsprintf "
        "implode join explode json_decode nl2br strtok strval array_merge array_values array_map "
        "array_filter end reset "
        "current array_pop array_shift utf8_decode utf8_encode mb_convert_encoding iconv preg_split "
        "str_pad substr_replace "
        "strstr strrchr array compact mb_substr lcfirst wordwrap nl2br strtr gzinflate gzuncompress str_rot13 hex2bin"
    ),
    _words(
        "preg_match in_array is_numeric ctype_alnum ctype_digit ctype_alpha ctype_xdigit array_key_exists filter_var "
        "is_int array_search checkdate ip2long inet_pton hash_equals is_uploaded_file is_file file_exists"
    ),
    bare=_words("include include_once require require_once"),
    sees_outer=False,
)

LUA = Language(
    "Lua",
    lua_tokens.lua,
    re.compile(r"formvalue|getenv|QUERY_STRING|\.content\(|io\.read|io\.stdin|ngx\.(?:var|req)|\.leaf\s*=|PATH_INFO"),
    re.compile(
        r"(?:.*\.)?env\.(?:QUERY_STRING|REQUEST_URI|PATH_INFO|HTTP_\w+)|(?:.*\.)?env\[(?:QUERY_STRING|REQUEST_URI)\]|"
        r"ngx\.var\.(?:arg_\w+|args|request_uri|query_string|http_\w+|uri|request_body|cookie_\w+)"
    ),
    re.compile(
        r"(?:luci\.)?http\.(?:formvalue|formvaluetable|content|getcookie)|io\.read|io\.stdin\.read|"
        r"(?:luci\.http\.|http\.|nixio\.|os\.)?getenv|ngx\.req\.(?:get_\w+|raw_header)"
    ),
    {
        "os.execute": Sink.COMMAND,
        "io.popen": Sink.COMMAND,
        "sys.call": Sink.COMMAND,
        "sys.exec": Sink.COMMAND,
        "util.exec": Sink.COMMAND,
        "util.execi": Sink.COMMAND,
        "util.execl": Sink.COMMAND,
        "sys.execi": Sink.COMMAND,
        "sys.execl": Sink.COMMAND,
        "sys.httpget": Sink.COMMAND,
        "fork_exec": Sink.COMMAND,
        "loadstring": Sink.CODE,
        "load": Sink.CODE,
        "dofile": Sink.INCLUDE,
        "loadfile": Sink.INCLUDE,
    },
    _words(
        COMMON_CLEAN + " shellquote shellsqescape shellstartsqescape byte type find pcdata striptags_len ipairs_len "
        "urlencode ngx.quote_sql_str ngx.md5 checklib access exists IPv4 IPv6 ip4addr ip6addr b64encode"
    ),
    _words(
        "tostring trim lower upper sub format gsub match gmatch split pairs ipairs concat rep reverse urldecode unpack "
        "parse decode b64decode imatch next select unescape_uri"
    ),
    _words("match find tonumber ip4addr ip6addr ipaddr hostname uinteger integer port macaddr"),
    lists=True,
    strings_have_methods=True,
)

PERL = Language(
    "Perl",
    perl_tokens.perl,
    re.compile(r"\bparam\b|QUERY_STRING|HTTP_\w+|STDIN|ReadParse|PATH_INFO|REQUEST_URI|->Vars\b"),
    re.compile(r"ENV\[(?:QUERY_STRING|REQUEST_URI|PATH_INFO|HTTP_(?!HOST)\w+)\]|STDIN"),
    re.compile(r"(?:.*\.)?(?:param|multi_param|url_param|path_info|Vars|query_string|cookie|raw_cookie)"),
    _sinks(COMMAND="system exec qx popen", CODE="eval evalbytes", INCLUDE="require do", SQL="do prepare "
           "selectrow_array selectall_arrayref selectrow_hashref selectcol_arrayref", OBJECT="thaw"),
    _words(COMMON_CLEAN + " quotemeta ord defined exists scalar index rindex quote shell_quote time localtime "
           "escapeHTML_len md5_hex sha1_hex encode_base64 ref keys abs uri_escape_utf8 grep -e -f -d basename"),
    _words(
        "lc uc ucfirst lcfirst join split sprintf substr reverse map uri_unescape unescape decode chomp trim pack "
        "unpack escapeHTML encode_entities decode_utf8 encode_utf8 decode_base64 to_utf8 shift pop esc_html values sort"
    ),
    _words("looks_like_number exists is_valid validate_input valid_ip check_param"),
    bare=_words("system exec eval require do"),
    fills={"read": 1, "sysread": 1},
    lists=True,
)  # fmt: skip

UCODE = Language(
    "ucode",
    javascript_tokens.javascript,
    re.compile(r"formvalue|QUERY_STRING|PATH_INFO|\breq\.(?:query|body|params|url|headers)|request\.args|env\.HTTP_"),
    re.compile(
        r"(?:\w+\.)*env\.(?:QUERY_STRING|REQUEST_URI|PATH_INFO|HTTP_\w+)|(?:req|request)\.(?:query|body|params|headers|"
        r"url|cookies|args)(?:[.\[].*)?"
    ),
    re.compile(r"(?:.*\.)?(?:formvalue|formvaluetable)|http\.(?:content|getcookie)"),
    {
        "system": Sink.COMMAND,
        "popen": Sink.COMMAND,
        "fs.popen": Sink.COMMAND,
        "exec": Sink.COMMAND,
        "execSync": Sink.COMMAND,
        "child_process.exec": Sink.COMMAND,
        "eval": Sink.CODE,
        "loadstring": Sink.CODE,
        "Function": Sink.CODE,
    },
    _words(COMMON_CLEAN + " parseInt parseFloat Number shellquote encodeURIComponent test type exists index indexOf "
           "includes match typeof startsWith endsWith quoteshellarg b64enc hexenc JSON.stringify"),
    _words("String toString trim sprintf replace lc uc split join substr substring slice decodeURIComponent concat "
           "toLowerCase toUpperCase b64dec ltrim rtrim json JSON.parse parse"),
    _words("match test includes Number.isInteger isNaN exists"),
    strings_have_methods=True,
)  # fmt: skip
