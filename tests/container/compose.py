"""docker-compose, as tools/compose installs it, with podman for its engine."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .podman import PATIENCE, Done, Podman

ROOT: Final = Path(__file__).parents[2]
PROGRAM: Final = ROOT / ".tools" / "compose" / "docker-compose"
FILE: Final = ROOT / "deploy" / "compose" / "compose.yaml"


@dataclass(frozen=True)
class Compose:
    """A project of its own name, so that no other is touched."""

    project: str
    files: tuple[Path, ...] = (FILE,)
    engine: str = "unix:///nowhere"

    async def __call__(self, *arguments: str) -> Done:
        named = ("--project-name", self.project, *(f"--file={file}" for file in self.files))
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *(*named, *arguments),
            stdout=pipe,
            stderr=pipe,
            env=os.environ | {"DOCKER_HOST": self.engine},
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    async def output(self, *arguments: str) -> str:
        """What a command prints that succeeds."""
        done = await self(*arguments)
        assert done.code == 0, done.err
        return done.out


@asynccontextmanager
async def listening(podman: Podman, folder: Path) -> AsyncIterator[str]:
    """The address of podman's service, which speaks as Docker's engine does."""
    socket = folder / "podman.sock"
    command = ("podman", "system", "service", "--time=0", f"unix://{socket}")
    service = await asyncio.create_subprocess_exec(*command, env=podman.environment)
    try:
        async with asyncio.timeout(PATIENCE):
            while not socket.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.05)
        yield f"unix://{socket}"
    finally:
        service.terminate()
        await service.wait()
