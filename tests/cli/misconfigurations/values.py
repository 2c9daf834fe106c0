"""Values and keys that are wrong."""

from .case import SECRET, Case, here, line, one

VALUES = (
    Case(
        "a number of letters",
        *("must be a whole number", line(5, "target.page_size"), "write digits alone"),
        one("page_size: many"),
    ),
    Case(
        "a number too small",
        *("must be greater than or equal to 1", line(5, "target.page_size"), "a number from 1 on"),
        one("page_size: 0"),
    ),
    Case(
        "a number too large",
        *("less than or equal to 10000", line(5, "target.page_size"), "a number up to 10000"),
        one("page_size: 1000000"),
    ),
    Case(
        "a misspelt key",
        *("is not a setting", line(5, "target.intervall"), "did you mean interval?"),
        one("intervall: 30s"),
    ),
    Case(
        "a key with hyphens",
        *("is not a setting", line(5, "target.page-size"), "did you mean page_size?"),
        one("page-size: 30"),
    ),
    Case(
        "a key in capitals",
        *("is not a setting", line(5, "target.INTERVAL"), "did you mean interval?"),
        one("INTERVAL: 30"),
    ),
    Case(
        "a key of another section",
        *("is not a setting", line(5, "target.listen_address"), "listen_address under web?"),
        one("listen_address: ':80'"),
    ),
    *(
        Case(
            f"what another program calls {name}",
            *("is not a setting", line(5, f"target.{name}"), f"did you mean {meant}?"),
            one(f"{name}: x"),
        )
        for name, meant in (
            ("username", "account"),
            ("secret_key", "access_key_secret"),
            ("tls_skip_verify", "insecure_skip_verify"),
            ("tz", "time_zone"),
        )
    ),
    Case(
        "a switch that another program has the other way round",
        *("is not a setting", line(5, "target.verify_ssl"), "remove it: certificates are verified"),
        one("verify_ssl: true"),
    ),
    Case(
        "TLS of the web configuration among the settings",
        *("is not a setting", line(5, "web.tls_server_config"), "that web.config_file names"),
        one() + "web: {tls_server_config: {cert_file: c.pem}}\n",
    ),
    Case(
        "a host without a port to listen on",
        *("is not an address", line(5, "web.listen_address[0]"), "a port after the host"),
        one() + "web: {listen_address: localhost}\n",
    ),
    Case(
        "a misspelt section",
        *("is not a setting", line(5, "wbe"), "did you mean web?"),
        one() + "wbe: {}\n",
    ),
    Case(
        "no url",
        *("is missing", line(1, "target.url"), "set --target.url or ZSTACK_EXPORTER_TARGET__URL"),
        "target:\n  account: admin\n  password_file: secret\n",
    ),
    Case(
        "another scheme",
        *("is not an http or https URL", line(2, "target.url"), "write it like http://10.0.0.5"),
        one(url="ftp://10.0.0.5"),
    ),
    Case(
        "no scheme",
        *("is not an http or https URL", line(2, "target.url"), "write http:// or https:// before"),
        one(url="10.0.0.5:8080"),
    ),
    Case(
        "a misspelt scheme",
        *("is not an http or https URL", line(2, "target.url"), "with its colon and both slashes"),
        one(url="http:/10.0.0.5:8080"),
    ),
    Case(
        "a port too large in a url",
        *("a port that is no number up to 65535", line(2, "target.url"), "http://10.0.0.5:8080"),
        one(url="http://10.0.0.5:80800"),
    ),
    Case(
        "a password in a url",
        *("must not contain a user or password", line(2, "target.url"), "set account and password"),
        one(url=f"http://admin:{SECRET}@10.0.0.5:8080"),
    ),
    Case(
        "a query in a url",
        *("must not contain a query", line(2, "target.url"), "remove it from the ? or # on"),
        one(url="http://10.0.0.5:8080/?a=b"),
    ),
    Case(
        "the page of a browser as url",
        *("has the path of a web page", line(2, "target.url"), "leave the path off"),
        one(url="http://10.0.0.5:5000/index.html"),
    ),
    Case(
        "half an address in a url",
        *("has a number for a host", line(2, "target.url"), "write all four numbers in decimal"),
        one(url="http://10.5:8080"),
    ),
    Case(
        "a duration in words",
        *("is not a duration", line(5, "target.interval"), "write it like 30s, 5m"),
        one("interval: 5 minutes"),
    ),
    Case(
        "no time at all",
        *("must be longer than zero", line(5, "target.timeout"), "write it like 30s"),
        one("timeout: 0"),
    ),
    Case(
        "a timeout longer than the interval",
        *("is longer than interval", line(6, "target.timeout"), "lower timeout, or raise interval"),
        here("interval: 10s", "timeout: 2m"),
        platform="zstack",
    ),
    Case(
        "stale before the next poll",
        *(
            "is shorter than interval",
            line(6, "target.stale_after"),
            "at least as long as interval",
        ),
        one("interval: 5m", "stale_after: 1m"),
    ),
    Case(
        "a misspelt choice",
        *("must be 'drop', 'fail' or 'keep'", line(5, "target.on_stale"), "did you mean drop?"),
        one("on_stale: dropp"),
    ),
    Case(
        "a unit of powers of ten",
        *("must be 'auto', 'bytes', 'KiB'", line(5, "target.memory_unit"), "did you mean MiB?"),
        one("memory_unit: MB"),
    ),
    Case(
        "the log level of another program",
        *("must be 'debug', 'info', 'warning'", "log.level (flag --log.level)", "mean warning?"),
        one(),
        flags=("--log.level", "warn"),
    ),
    Case(
        "a log format that there is not",
        *("must be 'logfmt' or 'json'", line(5, "log.format"), "write one of them"),
        one() + "log: {format: plain}\n",
    ),
    Case(
        "a misspelt zone",
        *("is not a time zone", line(5, "target.time_zone"), "did you mean Asia/Shanghai?"),
        one("time_zone: Asia/Shangai"),
    ),
    Case(
        "a zone in small letters",
        *("is not a time zone", line(5, "target.time_zone"), "did you mean Asia/Shanghai?"),
        one("time_zone: asia/shanghai"),
    ),
    Case(
        "a zone that has the capital's name",
        *("is not a time zone", line(5, "target.time_zone"), "did you mean Asia/Shanghai?"),
        one("time_zone: Asia/Beijing"),
    ),
    Case(
        "an abbreviation of several zones",
        *("CST is ambiguous", line(5, "target.time_zone"), "China is Asia/Shanghai"),
        one("time_zone: CST"),
    ),
    Case(
        "an offset of more than a day",
        *("is not a time zone", line(5, "target.time_zone"), "or an offset like +08:00"),
        one("time_zone: '+25:00'"),
    ),
    Case(
        "a condition without an operator",
        *("has no query operator", line(6, "target.conditions[0]"), "write it like framework=vLLM"),
        one("conditions:", "  - framework vLLM"),
    ),
    Case(
        "the second of two conditions",
        *("a single field name", line(7, "target.conditions[1]"), "'description not null'"),
        one("conditions:", "  - framework=vLLM", "  - description is not null"),
    ),
    Case(
        "a size in powers of ten",
        *("is not a size", line(5, "target.max_response_bytes"), "write it like 64MiB"),
        one("max_response_bytes: 64MB"),
    ),
    Case(
        "a switch that is neither on nor off",
        *("must be true or false", line(5, "target.projection"), "write true or false"),
        one("projection: maybe"),
    ),
    Case(
        "a list where a text belongs",
        *("must be text", line(5, "target.account"), "write one value"),
        "target:\n  url: http://10.0.0.5\n  password_file: secret\n\n  account: [admin]\n",
    ),
    Case(
        "a CA beside no verification",
        *("contradicts ca_file", line(1), "remove insecure_skip_verify"),
        one("ca_file: ca.pem", "insecure_skip_verify: true"),
    ),
    Case(
        "a proxy of another kind",
        *("is not an http or https URL", line(5, "target.proxy"), "http://user:password@proxy"),
        one(f"proxy: socks5://admin:{SECRET}@proxy:1080"),
    ),
    Case(
        "a path without its slash",
        *("is not a path", line(5, "web.telemetry_path"), "begin it with /"),
        one() + "web: {telemetry_path: metrics}\n",
    ),
    Case(
        "the path of another endpoint",
        *("is the path of another endpoint", line(5, "web.telemetry_path"), "such as /metrics"),
        one() + "web: {telemetry_path: /probe}\n",
    ),
    Case(
        "a port too large",
        *("ports go up to 65535", "web.listen_address[0] (flag --web.listen", "like :10521"),
        one(),
        flags=("--web.listen-address", ":99999"),
    ),
    Case(
        "a port without its colon",
        *(
            "is not an address",
            "web.listen_address[0] (flag --web.listen",
            "a colon before the port",
        ),
        one(),
        flags=("--web.listen-address", "10521"),
    ),
    Case(
        "an address twice",
        *("[1] repeats [0]", "web.listen_address (flag --web.listen-address)", "remove [1] or [0]"),
        one(),
        flags=("--web.listen-address", ":10521", "--web.listen-address", ":10521"),
    ),
    Case(
        "an address that another one has in it",
        *("[1] is among the interfaces of [0]", line(7, "web.listen_address"), "another port"),
        one() + "web:\n\n  listen_address: [':10521', '127.0.0.1:10521']\n",
    ),
    Case(
        "a shard without their number",
        *("ordinal is given without it", line(5, "shard.total"), "set --shard.total or"),
        one() + "shard: {ordinal: 1}\n",
    ),
    Case(
        "a shard too many",
        *("ordinal is not less than total", line(5, "shard"), "ordinals count from 0"),
        one() + "shard: {ordinal: 3, total: 3}\n",
    ),
    Case(
        "a metric list that is neither asked for nor not",
        *("must be 'auto', 'true' or 'false'", line(5, "metrics.instances"), "write one of them"),
        one() + "metrics: {instances: sometimes}\n",
    ),
    Case(
        "an unknown flag of a setting, as a variable",
        *("is not a setting", "ZSTACK_EXPORTER_WEB__LISTEN_ADRESS", "WEB__LISTEN_ADDRESS?"),
        one(),
        variables={"ZSTACK_EXPORTER_WEB__LISTEN_ADRESS": ":1"},
    ),
    Case(
        "quotes that are a part of a value",
        *("is written with quotes", "target.interval (ZSTACK_EXPORTER_TARGET__INTERVAL)", "remove"),
        one(),
        variables={"ZSTACK_EXPORTER_TARGET__INTERVAL": '"30s"'},
    ),
)
