"""URLs, proxies, addresses to listen on and paths."""

import pytest

from exporter.settings import load
from tests.settings.loading import CANARY, TARGET, E, complaint, complaint_of_target, target


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://10.0.0.5:8080", "http://10.0.0.5:8080"),
        ("https://a.example/", "https://a.example"),
        ("http://a/zstack", "http://a"),
        ("http://a/zstack/v1/", "http://a"),
        ("http://a/proxied/zstack/v1", "http://a/proxied"),
        ("http://a/proxied/", "http://a/proxied"),
        ("http://a/zstackish", "http://a/zstackish"),
        ("HTTP://[::1]:80", "http://[::1]:80"),
        ("http://a:8080/zstack/v1/ai/model-services", "http://a:8080"),
        ("http://a/proxied/zstack/v1/ai/model-services/", "http://a/proxied"),
        ("http://a/zstack/v1/accounts/login", "http://a"),
        ("http://a/zstack/v1/management-nodes/platform-timezone", "http://a"),
        ("http://a/zstack/v1/airy", "http://a/zstack/v1/airy"),
        ("http://a/b%2Fc/zstack", "http://a/b%2Fc"),
        ("http://[fe80::1%25eth0]:8080", "http://[fe80::1%25eth0]:8080"),
        ("http://[fe80::1%eth0]:8080", "http://[fe80::1%eth0]:8080"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://10.example", "http://10.example"),
        ("http://zstack-1:80", "http://zstack-1:80"),
    ],
)
def test_a_url_keeps_its_prefix_and_loses_the_path_of_the_api(given: str, kept: str) -> None:
    assert target(url=given).url == kept


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("10.0.0.5:8080", "is not an http or https URL; write http:// or https:// before the host"),
        ("ftp://a", "is not an http or https URL"),
        ("http://", "is not an http or https URL"),
        ("http://a:port", "has a port that is no number up to 65535; write"),
        ("http://a:65536", "has a port that is no number up to 65535; write"),
        ("http://fd00::5:8080", "has an IPv6 address without brackets; write brackets around it"),
        ("http://::1", "has an IPv6 address without brackets; write brackets around it"),
        (
            "http:/a.example",
            "is not an http or https URL; write http:// or https:// with its colon",
        ),
        (
            "http//a.example",
            "is not an http or https URL; write http:// or https:// with its colon",
        ),
        (
            "htps://a.example",
            "is not an http or https URL; write http:// or https:// with its colon",
        ),
        ("http://a/index.html", "has the path of a web page; leave the path off"),
        ("http://a:5000/login.jsp", "has the path of a web page; leave the path off"),
        ("http://[::1", "is not an http or https URL"),
        ("http://a b", "is not an http or https URL"),
        ("http://a?b=c", "must not contain a query or fragment"),
        ("http://a#b", "must not contain a query or fragment"),
        (
            "http://a/zstack/v1/ai/model-services?limit=1",
            "must not contain a query or fragment; remove it from the ? or # on",
        ),
        *(
            (f"http://{host}:8080", "has a number for a host that is not a whole IP address")
            for host in (
                "127.1",
                "2130706433",
                "0x7f.1",
                "0x7f000001",
                "010.0.0.1",
                "1.2.3",
                "1.2.3.4.5",
                "256.0.0.1",
                "127.0.0.1.",
                "0X7F.1",
                "host.1",
                "\uff11\uff12\uff17.0.0.1",
            )
        ),
        ('"http://a"', "is written with quotes; remove the quotes: docker's --env-file"),
        (
            f"http://u:{CANARY}@a",
            "must not contain a user or password; remove them and set account",
        ),
    ],
)
def test_a_url_that_cannot_be_a_platform_is_refused(url: str, expected: str) -> None:
    reported = complaint_of_target(url=url)
    assert reported.startswith(f"target.url (flag --target.url): {expected}")
    assert CANARY not in reported


@pytest.mark.parametrize("address", [":0", "localhost:80", "127.0.0.1:65535", "[::1]:10521"])
def test_addresses_to_listen_on(address: str) -> None:
    settings = load({"target": TARGET, "web": {"listen_address": [address]}}, {})
    assert settings.web.listen_address == (address,)


@pytest.mark.parametrize("address", ["10521", "::1:80", "a:b", "http://a:80", "[::1]", ""])
def test_what_is_no_address_to_listen_on_is_reported_with_an_example(address: str) -> None:
    reported = complaint({"target": TARGET, "web": {"listen_address": [":1", address]}})
    assert reported.startswith(
        "web.listen_address[1] (flag --web.listen-address): is not an address"
    )


@pytest.mark.parametrize("port", ["65536", "99999", "123456"])
def test_a_port_that_is_too_large_is_reported_with_the_largest(port: str) -> None:
    reported = complaint({"target": TARGET, "web": {"listen_address": [f":{port}"]}})
    assert reported.startswith(
        "web.listen_address[0] (flag --web.listen-address): "
        f"has the port {port}: ports go up to 65535; write it like :10521"
    )


@pytest.mark.parametrize(
    ("addresses", "what"),
    [
        ([":80", ":80"], "[1] repeats [0]"),
        (["127.0.0.1:80", "[::1]:80", "127.0.0.1:80"], "[2] repeats [0]"),
        ([":80", "[::]:80"], "[1] repeats [0]"),
        ([":80", "127.0.0.1:80"], "[1] is among the interfaces of [0], which is every one"),
        (["0.0.0.0:80", "a.example:80"], "[1] is among the interfaces of [0], which is every one"),
        (["[::1]:80", ":80"], "[1] is every interface, and so that of [0] too"),
        (["10.0.0.1:80", "0.0.0.0:80"], "[1] is every interface, and so that of [0] too"),
    ],
)
def test_addresses_that_cannot_be_bound_together_are_a_fault(
    addresses: list[str], what: str
) -> None:
    reported = complaint({"target": TARGET, "web": {"listen_address": addresses}})
    assert reported.startswith(f"web.listen_address (flag --web.listen-address): {what}; remove [")


@pytest.mark.parametrize(
    "addresses", [[":0", ":0"], [":80", ":81"], ["0.0.0.0:80", "[::1]:80"], ["a:80", "b:80"]]
)
def test_addresses_that_differ_may_stand_together(addresses: list[str]) -> None:
    web = load({"target": TARGET, "web": {"listen_address": addresses}}, {}).web
    assert list(web.listen_address) == addresses


def test_a_wrong_address_alone_is_one_fault() -> None:
    reported = complaint({"target": TARGET, "web": {"listen_address": ["10521"]}})
    assert reported == (
        "web.listen_address[0] (flag --web.listen-address): is not an address to listen on; "
        "write a colon before the port, like :10521; ports go up to 65535"
    )


def test_no_address_to_listen_on_is_one_fault() -> None:
    reported = complaint({"target": TARGET}, {f"{E}WEB__LISTEN_ADDRESS": ","})
    assert reported == (
        f"web.listen_address ({E}WEB__LISTEN_ADDRESS): must not be empty; "
        "give at least one address, such as :10521"
    )


@pytest.mark.parametrize(
    "path", ["/metrics", "/a/b.c_d~e-f", "/metrics/", "/probes", "/apis/v1", "/a/api/b", "/sd"]
)
def test_paths_of_the_metrics(path: str) -> None:
    settings = load({"target": TARGET, "web": {"telemetry_path": path}}, {})
    assert settings.web.telemetry_path == path


@pytest.mark.parametrize("path", ["metrics", "/a b", "/{name}", "/a?b", "//a", "", "/a//b"])
def test_what_is_no_path_is_reported(path: str) -> None:
    reported = complaint({"target": TARGET, "web": {"telemetry_path": path}})
    assert "is not a path; begin it with /" in reported


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "is the path of another endpoint"),
        ("/probe", "is the path of another endpoint"),
        ("/probe/", "is the path of another endpoint"),
        ("/-/ready", "is reserved by the exporter"),
        ("/-/anything/", "is reserved by the exporter"),
        ("/api/v1/anything", "is reserved by the exporter"),
        ("/sd/anything", "is reserved by the exporter"),
    ],
)
def test_the_metrics_take_no_path_that_the_exporter_needs(path: str, expected: str) -> None:
    reported = complaint({"target": TARGET, "web": {"telemetry_path": path}})
    assert reported == (
        "web.telemetry_path (flag --web.telemetry-path): "
        f"{expected}; take another path, such as /metrics"
    )


def test_a_proxy_may_hold_a_password_and_keeps_it_to_itself() -> None:
    proxied = target(proxy=f"http://u:{CANARY}@proxy:3128")
    assert proxied.proxy is not None
    assert proxied.proxy.get_secret_value() == f"http://u:{CANARY}@proxy:3128"
    assert CANARY not in repr(proxied)
    reported = complaint_of_target(proxy=f"socks5://u:{CANARY}@proxy")
    assert "is not an http or https URL; write it like http://user:password@proxy:3128" in reported
    assert CANARY not in reported


def test_a_proxy_is_held_to_the_same_addresses() -> None:
    assert "a whole IP address" in complaint_of_target(proxy=f"http://u:{CANARY}@127.1:3128")
    reported = complaint_of_target(proxy=f"'http://u:{CANARY}@proxy:3128'")
    assert "target.proxy: is written with quotes" in reported
    assert CANARY not in reported
