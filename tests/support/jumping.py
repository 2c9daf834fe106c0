"""An event loop that does not wait: its time jumps to the next timer."""

import asyncio
import selectors

from typing_extensions import override


class NothingIsLeftError(Exception):
    """Every task waits for something that no timer brings."""


class JumpingLoop(asyncio.SelectorEventLoop):
    """For tasks without threads and sockets. Its time begins at 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    @override
    def time(self) -> float:
        return self._jumping.now


class _Jumping(selectors.DefaultSelector):
    now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingIsLeftError
        self.now += timeout
        return []
