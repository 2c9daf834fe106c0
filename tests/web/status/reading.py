"""The status of a running exporter: the words of the page, and the JSON."""

import re
from html import unescape
from typing import Any

from tests.support.exporting import Exporter

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}


def text_of(page: str) -> str:
    """What is left to read, on one line."""
    body = page.split("</style>", 1)[-1]
    words = " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())
    return re.sub(r" (?=[,;.，；。：])|(?<=[，；。：]) ", "", words)


async def read(exporter: Exporter, path: str = "/", **headers: str) -> str:
    return text_of(await exporter.text(path, **headers))


async def status(exporter: Exporter) -> dict[str, Any]:
    async with exporter.http.get("/api/v1/status") as response:
        assert response.status == 200
        document: dict[str, Any] = await response.json()
        return document
