"""The platform's HTTP server on loopback.

aiohttp is loaded when it serves: the flags of the simulator, and their help, come without.
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from .cloud import Cloud


@asynccontextmanager
async def serving(
    cloud: Cloud,
    host: str = "127.0.0.1",
    port: int = 0,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve the cloud and yield its URL, without the context: `http://127.0.0.1:PORT`."""
    from . import container  # noqa: PLC0415 - see above

    async with container.listening(container.application(cloud), host, port, ssl_context) as url:
        yield url


@asynccontextmanager
async def serving_several(
    clouds: Mapping[str, Cloud],
    host: str = "127.0.0.1",
    port: int = 0,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve many clouds at one address and yield its URL; that of a cloud is `URL/NAME`.

    So a proxy has it that stands before them and chooses one by the path.
    """
    from . import container  # noqa: PLC0415 - see above

    app = container.applications(clouds)
    async with container.listening(app, host, port, ssl_context) as url:
        yield url
