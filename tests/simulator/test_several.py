"""Many clouds at one address, as behind a proxy that chooses one by the path."""

import json
from hashlib import sha512

import aiohttp
import pytest
from yarl import URL

from exporter.simulator import Cloud, serving_several

DIGEST = sha512(b"password").hexdigest()
LOGIN = {"logInByAccount": {"accountName": "admin", "password": DIGEST}}


async def rows_of(http: aiohttp.ClientSession, url: str) -> int:
    """How many services a cloud shows to a session that it opens."""
    async with http.put(f"{url}/zstack/v1/accounts/login", json=LOGIN) as response:
        session = json.loads(await response.read())["inventory"]["uuid"]
    headers = {"Authorization": f"OAuth {session}"}
    async with http.get(f"{url}/zstack/v1/ai/model-services", headers=headers) as response:
        return len(json.loads(await response.read())["inventories"])


async def test_each_cloud_has_its_own_services_and_sessions() -> None:
    clouds = {"north": Cloud(services=2), "south": Cloud(services=3)}
    async with serving_several(clouds) as url, aiohttp.ClientSession() as http:
        shown = {name: await rows_of(http, f"{url}/{name}") for name in clouds}
    assert shown == {"north": 2, "south": 3}
    assert [len(cloud.sessions) for cloud in clouds.values()] == [1, 1]
    paths = [request.path for request in clouds["north"].requests]
    assert paths == ["/v1/accounts/login", "/v1/ai/model-services"]


async def test_a_cookie_is_for_the_cloud_that_set_it() -> None:
    clouds = {"north": Cloud(services=0), "south": Cloud(services=0)}
    jar = aiohttp.CookieJar(unsafe=True)  # keeps cookies of an IP address, too
    async with (
        serving_several(clouds) as url,
        aiohttp.ClientSession(url, cookie_jar=jar) as http,
        http.get("/north/zstack/v1/management-nodes/ready"),
    ):
        north, south = (jar.filter_cookies(URL(f"{url}/{name}/zstack/v1")) for name in clouds)
    assert "JSESSIONID" in north
    assert not south


@pytest.mark.parametrize(
    "path", ["/", "/zstack/v1/accounts/login", "/east/zstack/v1/accounts/login", "/north/v1/x"]
)
async def test_a_path_of_no_cloud_is_not_found(path: str) -> None:
    clouds = {"north": Cloud(services=0)}
    async with (
        serving_several(clouds) as url,
        aiohttp.ClientSession() as http,
        http.get(url + path) as response,
    ):
        assert response.status == 404
    assert not clouds["north"].requests
