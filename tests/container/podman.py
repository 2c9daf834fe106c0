"""Containers of the image that was built from this tree, run by podman."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PATIENCE: Final = 60.0
"""Seconds after which an effect that was waited for counts as missing."""

# Nothing is writable, not even the folders that podman would make so.
HARDENED: Final = (
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
)

_LISTENING: Final = re.compile(r"msg=listening url=(\S+)")


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Podman:
    """Podman, with the image to run."""

    image: str
    configuration: Path

    @classmethod
    def configured(cls, image: str, folder: Path) -> "Podman":
        """With limits that may be set everywhere: podman's own are too high within a container."""
        file = folder / "containers.conf"
        limits = '["nofile=4096:4096", "nproc=4096:4096"]'
        file.write_text(f"[containers]\ndefault_ulimits = {limits}\n")
        return cls(image, file)

    async def __call__(self, *arguments: str) -> Done:
        """Run a command of podman."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            "podman", *arguments, stdout=pipe, stderr=pipe, env=self.environment
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"CONTAINERS_CONF": str(self.configuration)}

    async def output(self, *arguments: str) -> str:
        """What a command of podman prints that succeeds."""
        done = await self(*arguments)
        assert done.code == 0, done.err
        return done.out

    async def run(self, *arguments: str, options: tuple[str, ...] = ()) -> Done:
        """Run a container to its end, hardened and with the host's network."""
        # The health check is left out, as without systemd podman complains that it has no timer.
        host = ("--rm", "--network=host", "--no-healthcheck")
        return await self("run", *host, *HARDENED, *options, self.image, *arguments)

    @asynccontextmanager
    async def running(
        self, *arguments: str, options: tuple[str, ...] = (*HARDENED, "--network=host")
    ) -> AsyncIterator["Container"]:
        """A container that runs, removed when the block ends."""
        name = (await self.output("create", *options, self.image, *arguments)).strip()
        try:
            await self.output("start", name)
            yield Container(self, name)
        finally:
            await self("rm", "--force", "--time=0", name)


@dataclass(frozen=True)
class Container:
    """A container that was started."""

    podman: Podman
    name: str

    async def log(self) -> str:
        done = await self.podman("logs", self.name)
        return done.out + done.err

    async def logged(self, pattern: re.Pattern[str]) -> str:
        """The group of the pattern, once it is in the log."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    if found := pattern.search(await self.log()):
                        return found[1]
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"never logged: {await self.log()}") from None

    async def url(self) -> str:
        """Where the exporter in it listens."""
        return await self.logged(_LISTENING)

    async def inspected(self) -> dict[str, Any]:
        (found,) = json.loads(await self.podman.output("inspect", self.name))
        assert isinstance(found, dict)
        return found

    async def healthy(self) -> Done:
        """The result of the image's own health check."""
        return await self.podman("healthcheck", "run", self.name)

    async def signal(self, name: str) -> None:
        await self.podman.output("kill", f"--signal={name}", self.name)

    async def stop(self) -> int:
        """The exit code, after the engine's own way to end a container."""
        await self.podman.output("stop", "--time=30", self.name)
        return int(await self.podman.output("wait", self.name))
