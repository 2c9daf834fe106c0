"""Settings that are good in themselves, and lead to no platform."""

from .case import CHECK, CONNECTING, SECRET, START, Case, here

ADDRESSES = (
    Case(
        "a host without an address",
        *("no-such-host.invalid", "", "correct the host in url, or the name servers"),
        here(url="http://no-such-host.invalid:8080"),
        modes=CONNECTING,
    ),
    Case(
        "a port where nothing listens",
        *("onnection refused", "127.0.0.1:{closed}", "on 8080 by default"),
        here(url="http://127.0.0.1:{closed}"),
        modes=CONNECTING,
    ),
    Case(
        "http to a port that speaks TLS",
        *("hung up without an answer", "", "write https:// in url"),
        here(url="http://127.0.0.1:{port}"),
        modes=CONNECTING,
        platform="tls",
    ),
    Case(
        "http to a port that answers with an alert of TLS",
        *("the port speaks TLS", "", "write https:// in url"),
        here(),
        modes=CONNECTING,
        platform="TLS alert",
    ),
    Case(
        "http to a port whose server asks for TLS",
        *("the port speaks TLS", "", "write https:// in url"),
        here(),
        modes=CONNECTING,
        platform="port that wants TLS",
    ),
    Case(
        "https to a port that speaks none",
        *("the port does not speak TLS", "", "write http:// in url, or correct the port"),
        here(url="https://127.0.0.1:{port}"),
        modes=CONNECTING,
        platform="zstack",
    ),
    Case(
        "the port of the web pages",
        *("a web page, not an answer of ZStack", "", "write :8080 in url"),
        here(),
        modes=CONNECTING,
        platform="page",
    ),
    Case(
        "a path of the web pages",
        *("a web page, not an answer of ZStack", "", "leave the path off url"),
        here(url="{url}/ui"),
        modes=CONNECTING,
        platform="page",
    ),
    Case(
        "a certificate of another host",
        *("the certificate is not for 127.0.0.1", "", "write the host in url as the certificate"),
        here("ca_file: ca.pem", url="https://127.0.0.1:{port}"),
        modes=CONNECTING,
        platform="tls of another host",
    ),
    Case(
        "a certificate of an unknown authority",
        *("from an authority that is not trusted", "", "set ca_file to the PEM file of the"),
        here(url="https://127.0.0.1:{port}"),
        modes=CONNECTING,
        platform="tls",
    ),
    Case(
        "a wrong password",
        *("wrong account name or password", "", "correct account and password"),
        here(),
        files={"secret": SECRET},
        modes=CONNECTING,
        platform="zstack",
    ),
    Case(
        "a wrong secret of an access key",
        *("access key id: nobody", "", "access_key_id and its secret"),
        here(secret="password_file: secret")
        .replace("account: admin", "access_key_id: nobody")
        .replace("password_file", "access_key_secret_file"),
        files={"secret": SECRET},
        modes=(CHECK,),
        platform="zstack",
    ),
    Case(
        "a session that has ended",
        *("ID.1001", "", "open another session"),
        here().replace("  account: admin\n", "").replace("password_file", "session_uuid_file"),
        files={"secret": SECRET},
        modes=(CHECK,),
        platform="zstack",
    ),
    Case(
        "a platform without AIOS",
        *("AIOS", "", "install AIOS there, or correct url"),
        here(),
        modes=(CHECK,),
        platform="without AIOS",
    ),
    Case(
        "an account that may not ask",
        *("ID.1002", "", "grant the account the query of model services"),
        here(),
        modes=(START,),
        platform="denied",
    ),
    Case(
        "a platform that does not answer",
        *("not done within 1 s", "", "raise timeout"),
        here("timeout: 1s"),
        modes=(CHECK,),
        platform="silent",
    ),
    Case(
        "a platform that does not answer, at the start",
        *("timeout", "", "find out why the platform is slow, or raise timeout"),
        here("timeout: 1s"),
        modes=(START,),
        platform="silent",
    ),
)
