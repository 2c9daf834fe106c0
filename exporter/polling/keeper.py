"""Keeps first sights: in memory, and over restarts in the state file where there is one.

A first sight is shown once it is safe in the file. So none that was shown can be lost, however the
process ends. (docs/decisions/0032-pending-since.md)
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol, Self

import structlog
from msgspec.structs import replace

from exporter.state.first_sights import FirstSights
from exporter.zstack import Worker

from .state_document import TargetState, TargetStates, encode
from .state_file import StateFile

log = structlog.get_logger(__name__)

MOST_SIGHTS: Final = 500_000
"""Of all targets; beyond it there are no new ones."""

UNUSED_SECONDS: Final = 30 * 86400.0
"""For which a target is kept that is not polled: one that comes back goes on."""

WAIT_SECONDS: Final = 5.0
"""For which a poll waits until its first sights are safe. Those that are not are shown later."""

PAUSE_SECONDS: Final = 0.5
"""Between two writes: what changes meanwhile is written together."""

RETRY_SECONDS: Final = 10.0
"""Between two writes of which the first has failed."""


class OnWrite(Protocol):
    """Called after each write; and when one takes too long, as not successful."""

    def __call__(self, *, successful: bool) -> None: ...


def _ignore(*, successful: bool) -> None:
    pass


class Keeper:
    """First sights by target. Only the event loop reads and changes them.

    One write runs at a time, and has all that is known when it begins. So a slow one, which nobody
    waits for any longer, cannot come after a newer one.
    """

    def __init__(
        self,
        file: StateFile | None = None,
        states: TargetStates | None = None,
        on_write: OnWrite = _ignore,
    ) -> None:
        now = time.time()
        self._file = file
        self._kept: TargetStates = states or {}
        self._states = {
            name: replace(state, unused_since=state.unused_since or now)
            for name, state in self._kept.items()
        }
        self._on_write = on_write
        self._changes = self._written = 0
        self._asked = asyncio.Event()
        self._attempted = asyncio.Event()
        self._is_failing = False

    @classmethod
    def open(cls, path: Path | None, on_write: OnWrite = _ignore) -> Self:
        """Lock and read the file, if there is to be one; blocks. Raises SettingsError."""
        if path is None:
            return cls()
        file = StateFile(path)
        try:
            return cls(file, file.read(), on_write)
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        """Let other processes have the file. Nothing may be written any more."""
        if self._file is not None:
            self._file.close()

    def begin(self, target: str, url: str) -> None:
        """A target is polled from now on: it goes on where it ended, if it is the same platform."""
        state = self._states.get(target)
        if state is not None and state.url == url:
            self._states[target] = replace(state, unused_since=None)
            return
        self._states[target] = TargetState(url, {})
        if state is not None:
            self._change()

    def end(self, target: str) -> None:
        """A target is no longer polled."""
        self._states[target] = replace(self._states[target], unused_since=time.time())
        self._forget_unused()

    def sights(self, target: str) -> FirstSights:
        """The first sights of a target that is polled."""
        return self._states[target].pending_since

    def kept(self, target: str) -> FirstSights:
        """Those of them that the file has, and maybe others; all where there is no file."""
        now = self._states[target]
        kept = now if self._file is None else self._kept.get(target)
        return kept.pending_since if kept is not None and kept.url == now.url else {}

    def put(self, target: str, sights: FirstSights) -> None:
        """Know these from now on; `save` waits until the file has them."""
        before = self.sights(target)
        others = sum(len(state.pending_since) for state in self._states.values()) - len(before)
        if others + len(sights) > MOST_SIGHTS:
            sights = {uuid: at for uuid, at in sights.items() if uuid in before}
        self._states[target] = replace(self._states[target], pending_since=sights)
        self._change()

    async def save(self) -> None:
        """Wait until the file has all that is known now, or until that takes too long.

        There is no wait while writes fail. `kept` is then still what it was.
        """
        wanted = self._changes
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while self._written < wanted and not self._is_failing:
                    await self._attempted.wait()
        except TimeoutError:
            self._failed(f"not written within {WAIT_SECONDS:g} seconds")

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write what changes during the block, and at its end what is left; then `close`."""
        if self._file is None:
            yield
            return
        with Worker() as worker:
            try:
                async with asyncio.TaskGroup() as tasks:
                    writer = tasks.create_task(self._write_changes(self._file, worker))
                    yield
                    writer.cancel()
            finally:
                # A thread that still writes keeps the lock, until the process has ended.
                if await self._write_rest(self._file, worker):
                    self.close()

    async def _write_changes(self, file: StateFile, worker: Worker) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            if await self._write(file, worker):
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self._asked.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _write_rest(self, file: StateFile, worker: Worker) -> bool:
        """Returns whether no thread writes any longer."""
        if self._written == self._changes:
            return True
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._write(file, worker)
        except TimeoutError:
            self._failed(f"not written within {WAIT_SECONDS:g} seconds")
            return False
        return True

    async def _write(self, file: StateFile, worker: Worker) -> bool:
        """Write all that is known now; whether it succeeded."""
        self._forget_unused()
        changes, states = self._changes, dict(self._states)
        try:
            await worker.run(_write, file, states)
        except OSError as error:
            self._failed(error.strerror or str(error))
            return False
        self._kept, self._written = states, changes
        self._succeeded()
        return True

    def _change(self) -> None:
        self._changes += 1
        self._asked.set()

    def _succeeded(self) -> None:
        if self._is_failing:
            log.info("state written again", file=self._path)
        self._is_failing = False
        self._on_write(successful=True)
        self._wake()

    def _failed(self, reason: str) -> None:
        if not self._is_failing:
            hint = "new first sights are shown once they are in the file; make it writable and fast"
            log.error("state not written", file=self._path, error=reason, hint=hint)
        self._is_failing = True
        self._on_write(successful=False)
        self._wake()

    def _wake(self) -> None:
        """Wake those that wait for the end of a write."""
        self._attempted.set()
        self._attempted = asyncio.Event()

    def _forget_unused(self) -> None:
        oldest = time.time() - UNUSED_SECONDS
        for name, state in [*self._states.items()]:
            if state.unused_since is not None and state.unused_since < oldest:
                del self._states[name]

    @property
    def _path(self) -> str:
        return "" if self._file is None else str(self._file.path)


def _write(file: StateFile, states: TargetStates) -> None:
    file.write(encode(states))
