"""A command on a terminal."""

import os
import pty
import sys
from collections.abc import Mapping, Sequence


def on_terminal(
    *arguments: str,
    answers: Sequence[tuple[str, str]] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Exit code of a command, and all that a terminal of 80 columns shows; blocks.

    `answers` are prompts and what is typed at each, in the order in which they come.
    """
    waiting = list(answers)
    child, terminal = pty.fork()
    if child == 0:
        _become(arguments, {"COLUMNS": "80", **(environment or {})})
    shown = b""
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
            if waiting and shown.endswith(waiting[0][0].encode()):
                os.write(terminal, f"{waiting.pop(0)[1]}\n".encode())
    except OSError:  # a terminal whose program has ended
        pass
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()


def _become(arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
    """Run the command in the place of this process."""
    inherited = {name: os.environ[name] for name in os.environ if name != "NO_COLOR"}
    command = [sys.executable, "-m", "exporter", *arguments]
    os.execve(command[0], command, {**inherited, **environment})
