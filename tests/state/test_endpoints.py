"""What of an instance's URL is shown, and what of it can be scraped."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.state.endpoints import LONGEST, UNUSABLE, Endpoint, endpoint, endpoint_url


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://172.20.0.9:8000", ("http", "172.20.0.9:8000", "")),
        ("http://172.20.0.9/v1", ("http", "172.20.0.9:80", "/v1")),
        ("HTTPS://Models.Example.COM/v1/", ("https", "models.example.com:443", "/v1/")),
        ("https://u:p@10.0.0.7:8443/v1?token=s#t", ("https", "10.0.0.7:8443", "/v1")),
        ("http://10.0.0.7:08000", ("http", "10.0.0.7:8000", "")),
        ("http://[fd00:20::77]:8000/v1", ("http", "[fd00:20::77]:8000", "/v1")),
        ("http://[::ffff:10.0.0.7]/", ("http", "[::ffff:10.0.0.7]:80", "/")),
        (
            "http://vllm.aios.svc.cluster.local.:8000",
            ("http", "vllm.aios.svc.cluster.local.:8000", ""),
        ),
        ("http://my_host", ("http", "my_host:80", "")),
        ("http://localhost.example.com", ("http", "localhost.example.com:80", "")),
        ("  http://10.0.0.7:1 \n", ("http", "10.0.0.7:1", "")),
    ],
)
def test_scheme_address_and_path_are_all_that_is_used(url: str, found: tuple[str, ...]) -> None:
    assert endpoint(endpoint_url(url)) == Endpoint(*found)


@pytest.mark.parametrize(
    ("reason", "urls"),
    [
        (
            "no_url",
            ["", "ftp://10.0.0.7", "10.0.0.7:8000", "http:///v1", "http://", "unix:///run/s"],
        ),
        (
            "no_url",
            [f"http://10.0.0.7/{'a' * LONGEST}", "http://10.0.0.7/\x07", "http://[fe80::1%25e]"],
        ),
        (
            "invalid",
            ["http://10.0.0.7:0", "http://10.0.0.7:65536", "http://a..b", "http://[1::2::3]"],
        ),
        (
            "invalid",
            ["http://127.1", "http://2130706433", "http://0x7f.0.0.1", "http://0177.0.0.1"],
        ),
        ("invalid", ["http://127.0.0.1.", "http://255.255.255.255", "http://模型.example.com"]),
        ("invalid", [f"http://{'a' * 64}.example.com", "http://[::127.0.0.1]", "http://a$(id)"]),
        ("loopback", ["http://127.0.0.1:8000/v1", "http://127.8.9.1", "http://[::1]:8000"]),
        ("loopback", ["http://localhost:8000", "http://LocalHost.", "http://app.localhost"]),
        ("loopback", ["http://localhost.localdomain", "http://localhost6", "http://ip6-loopback"]),
        ("loopback", ["http://[::ffff:127.0.0.1]", "http://user@127.0.0.1"]),
        ("link_local", ["http://169.254.169.254/latest/meta-data", "http://[fe80::1]:8000"]),
        ("link_local", ["http://[::ffff:169.254.169.254]"]),
        ("unspecified", ["http://0.0.0.0:8000", "http://[::]:8000", "http://0.1.2.3"]),
        ("multicast", ["http://224.0.0.1:8000", "http://[ff02::1]:8000"]),
    ],
)
def test_what_nobody_else_reaches_is_left_out_with_the_reason(reason: str, urls: list[str]) -> None:
    assert {url: endpoint(endpoint_url(url)) for url in urls} == dict.fromkeys(urls, reason)
    assert reason in UNUSABLE


@given(
    st.text("htps:/@.?#[]0159af%\\ é", max_size=40).map(lambda text: f"http://{text}")
    | st.ip_addresses().map(lambda it: f"http://[{it}]:8000" if it.version == 6 else f"http://{it}")
    | st.text()
)
def test_whatever_a_platform_sends_an_endpoint_is_an_address_for_others(url: str) -> None:
    shown = endpoint_url(url)
    assert endpoint_url(shown) == shown
    found = endpoint(shown)
    if not isinstance(found, Endpoint):
        assert found in UNUSABLE
        return
    again = urlsplit(f"{found.scheme}://{found.address}{found.path}")
    assert (again.username, again.password, again.query, again.fragment) == (None, None, "", "")
    assert again.scheme in {"http", "https"}
    assert again.port
    assert again.hostname
    assert "/" not in found.address
    try:
        address = ip_address(again.hostname)
    except ValueError:
        return
    of_use_to_nobody = {address.is_loopback, address.is_link_local, address.is_multicast}
    assert {*of_use_to_nobody, address.is_unspecified} == {False}
