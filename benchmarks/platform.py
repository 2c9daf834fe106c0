"""A platform that costs next to nothing: it accepts every login and sends records made beforehand.

It has model services alone, as a release without the further lists, or these as well.

Run by itself it is a program that prints its address. It answers a poll only on request,
so that a measurement decides what the exporter does and knows when it has done it.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from .deployments import Centers, Groups
from .estate import Estate, Records, Shape
from .programs import Program, ask, running

_LISTENING: Final = "listening on "
_SESSION: Final = {"inventory": {"uuid": "0123456789abcdef0123456789abcdef"}}
_API: Final = "/zstack/v1"


UNASKED: Final = 1_000_000_000
"""More polls than any measurement takes: a platform that answers whenever it is asked."""


class Platform:
    """A running platform."""

    def __init__(self, program: Program, shape: Shape) -> None:
        self.url = program.address
        self.shape = shape

    def polls(self, count: int, *, changed: int = 0, groups: int = 0) -> None:
        """Answer so many polls, so many services and groups changed before each; wait for one more.

        A poller begins a poll only when the one before has ended, so by then all have.
        """
        ask(f"{self.url}/polls?count={count}&changed={changed}&groups={groups}", method="POST")

    def begun(self) -> list[float]:
        """When each poll began, in seconds of the platform's clock; none before the last call."""
        return msgspec.json.decode(ask(f"{self.url}/polls"), type=list[float])


@contextmanager
def platform(
    services: int, shape: Shape, *, groups: int = 0, centers: int = 0, polls: int = 0
) -> Iterator[Platform]:
    """A platform in a process of its own; it answers so many polls unasked.

    Without groups or without centers it is one of a release that lacks that list.
    """
    numbers = {"services": services, "groups": groups, "centers": centers, "polls": polls}
    options = [f"--{name}={number}" for name, number in numbers.items()]
    command = (sys.executable, "-m", "benchmarks.platform", f"--shape={shape.value}", *options)
    with running(*command, ready=_LISTENING + r"(\S+)") as program:
        yield Platform(program, shape)


class Gate:
    """Holds polls back until they are let through."""

    def __init__(self, polls: int) -> None:
        self._polls = polls
        self._waiting = 0
        self._changed = asyncio.Condition()

    async def enter(self) -> None:
        async with self._changed, self._in_the_queue():
            await self._changed.wait_for(lambda: self._polls > 0)
            self._polls -= 1

    async def let(self, polls: int) -> None:
        """Let so many through, and wait until the next one knocks."""
        async with self._changed:
            self._polls += polls
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._polls == 0 and self._waiting > 0)

    @asynccontextmanager
    async def _in_the_queue(self) -> AsyncIterator[None]:
        self._waiting += 1
        self._changed.notify_all()
        try:
            yield
        finally:
            self._waiting -= 1


class Api:
    """What the exporter asks of a platform, and what the measurement does."""

    def __init__(self, estate: Estate, groups: Groups, centers: Centers, gate: Gate) -> None:
        self._estate = estate
        self._groups = groups
        self._centers = centers
        self._gate = gate
        self._changed = self._changed_groups = 0
        self._begun: list[float] = []

    def application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                web.put(f"{_API}/accounts/login", self._log_in),
                web.delete(f"{_API}/accounts/sessions/{{uuid}}", self._log_out),
                web.get(f"{_API}/ai/model-services", self._model_services),
                web.get(f"{_API}/ai/model-services/instances/groups/", self._instance_groups),
                web.get(f"{_API}/ai/model-centers", self._model_centers),
                web.post("/polls", self._polls),
                web.get("/polls", self._polls_begun),
            ]
        )
        return application

    async def _log_in(self, _request: web.Request) -> web.Response:
        return web.json_response(_SESSION)

    async def _log_out(self, _request: web.Request) -> web.Response:
        return web.json_response({})

    async def _model_services(self, request: web.Request) -> web.Response:
        if request.query["start"] == "0":
            self._begun.append(time.monotonic())
            await self._gate.enter()
            self._estate.change(self._changed)
            self._groups.change(self._changed_groups)
        return _page(self._estate, request)

    async def _instance_groups(self, request: web.Request) -> web.Response:
        return _further_list(self._groups, request)

    async def _model_centers(self, request: web.Request) -> web.Response:
        return _further_list(self._centers, request)

    async def _polls_begun(self, _request: web.Request) -> web.Response:
        begun, self._begun = self._begun, []
        return web.Response(body=msgspec.json.encode(begun))

    async def _polls(self, request: web.Request) -> web.Response:
        self._changed = int(request.query["changed"])
        self._changed_groups = int(request.query["groups"])
        await self._gate.let(int(request.query["count"]))
        return web.Response()


def _page(records: Records, request: web.Request) -> web.Response:
    start, limit = int(request.query["start"]), int(request.query["limit"])
    return web.Response(body=records.page(start, limit))


def _further_list(records: Records, request: web.Request) -> web.Response:
    """Without records, the answer of a release that lacks the list, which is not asked again."""
    if records.records:
        return _page(records, request)
    text = f"no api mapping to {request.path.removeprefix('/zstack')}"
    return web.Response(status=HTTPStatus.NOT_FOUND, text=text)


async def _serve(api: Api) -> None:
    runner = web.AppRunner(api.application(), handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    print(f"{_LISTENING}http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, required=True)
    parser.add_argument("--shape", type=Shape, required=True)
    parser.add_argument("--groups", type=int, default=0)
    parser.add_argument("--centers", type=int, default=0)
    parser.add_argument("--polls", type=int, default=0)
    given = parser.parse_args()
    estate = Estate(given.services, given.shape)
    groups = Groups(given.groups, estate.uuids)
    asyncio.run(_serve(Api(estate, groups, Centers(given.centers), Gate(given.polls))))


if __name__ == "__main__":
    _main()
