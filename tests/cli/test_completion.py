"""Completion, as real shells do it."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from exporter.cli.command import COMMANDS
from exporter.cli.completion import SHELLS, script
from exporter.settings import Settings, declared
from tests.support.commands import run

PROGRAM = "zstack-aios-exporter"
SECRETS = {f"--{s.key.replace('_', '-')}" for s in declared(Settings) if s.secret}

# What readline does at the key: it calls the function that `complete` names.
BASH = f"""
source "$1"
shift
COMP_WORDS=({PROGRAM} "$@")
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
COMP_LINE="${{COMP_WORDS[*]}}"
COMP_POINT=${{#COMP_LINE}}
[[ $(complete -p {PROGRAM}) =~ -F\\ ([^\\ ]+) ]]
"${{BASH_REMATCH[1]}}" {PROGRAM} "${{COMP_WORDS[-1]}}" "${{COMP_WORDS[-2]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
FISH = f"source $argv[1]; complete --do-complete '{PROGRAM} '(string join ' ' -- $argv[2..])"
ZSH = f"""
autoload -Uz compinit
compinit -D
eval "$(< $1)"
print $_comps[{PROGRAM}]
whence $_comps[{PROGRAM}]
"""


def shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


async def lines_of(*command: str) -> list[str]:
    """The lines that a command prints; it succeeds without a word on standard error."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    return out.decode().splitlines()


def printed(name: str) -> str:
    parsers = {each: command.parser() for each, command in COMMANDS.items()}
    return script(name, parsers["serve"], parsers)


def sourced(name: str, folder: Path) -> str:
    """The path of a file with the script for this shell."""
    file = folder / f"completion.{name}"
    file.write_text(printed(name))
    return str(file)


async def bash(folder: Path, *words: str) -> set[str]:
    """What bash makes of the words, of which the last is not finished."""
    file = await asyncio.to_thread(sourced, "bash", folder)
    found = await lines_of(shell("bash"), "--norc", "-c", BASH, "bash", file, *words)
    return {line for line in found if line}


async def fish(folder: Path, *words: str) -> set[str]:
    """The same of fish."""
    file = await asyncio.to_thread(sourced, "fish", folder)
    found = await lines_of(shell("fish"), "--no-config", "--command", FISH, file, *words)
    return {line.split("\t")[0] for line in found}


Complete = Callable[..., Awaitable[set[str]]]
COMPLETERS = pytest.mark.parametrize("complete", [bash, fish])


@COMPLETERS
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("once --target.on-stale ", "drop fail keep"),
        ("--target.on-stale ", "drop fail keep"),
        ("serve --log.format j", "json"),
        ("--log.level debug --log.format ", "logfmt json"),
        ("sim", "simulate"),
        ("--config.f", "--config.file"),
        ("--no-web.sys", "--no-web.systemd-socket"),
        ("completion ", " ".join(SHELLS)),
        ("help hash", "hash-password"),
        ("once --outp", "--output"),
        ("metrics --outp", ""),
    ],
)
async def test_commands_flags_and_choices_are_offered(
    complete: Complete, line: str, offered: str, tmp_path: Path
) -> None:
    assert await complete(tmp_path, *line.split(" ")) == set(offered.split())


async def test_every_command_is_offered(tmp_path: Path) -> None:
    assert await bash(tmp_path, "") == set(COMMANDS)


@COMPLETERS
@pytest.mark.parametrize("command", [[], ["serve"], ["once"]], ids=["no command", "serve", "once"])
async def test_every_flag_is_offered_but_those_that_would_show_a_secret(
    complete: Complete, command: list[str], tmp_path: Path
) -> None:
    offered = await complete(tmp_path, *command, "--")
    assert {setting.flag for setting in declared(Settings) if setting.flag} <= offered
    assert not offered & SECRETS


@COMPLETERS
async def test_where_a_folder_is_wanted_folders_alone_are_offered(
    complete: Complete, tmp_path: Path
) -> None:
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.yml").touch()
    offered = await complete(tmp_path, "rules", "--output", str(tmp_path / "rul"))
    assert {folder.rstrip("/") for folder in offered} == {str(tmp_path / "rules.d")}


@COMPLETERS
async def test_where_a_file_is_wanted_files_are_offered(complete: Complete, tmp_path: Path) -> None:
    file = tmp_path / "exporter.yml"
    file.touch()
    for flag in ("--config.file", "--target.password-file"):
        assert await complete(tmp_path, "once", flag, str(tmp_path / "exp")) == {str(file)}


async def test_zsh_takes_the_function_for_the_program(tmp_path: Path) -> None:
    file = await asyncio.to_thread(sourced, "zsh", tmp_path)
    function = f"_shtab_{PROGRAM.replace('-', '_')}"
    assert await lines_of(shell("zsh"), "-f", "-c", ZSH, "zsh", file) == [function, function]


async def test_the_command_prints_the_script() -> None:
    script = await asyncio.to_thread(printed, "bash")
    assert await run("completion", "bash") == (0, script + "\n", "")


async def test_another_shell_is_refused_with_those_that_there_are() -> None:
    code, out, err = await run("completion", "nonsense")
    assert (code, out) == (2, "")
    assert "bash" in err
