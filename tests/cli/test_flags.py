"""The command line of the settings."""

from typing import Any

import pytest

from exporter.cli.flags import add_flags, flag_values
from exporter.cli.parser import Parser
from exporter.settings import Setting, Settings, declared, load

CANARY = "hunter2canary"
SECRETS = [setting for setting in declared(Settings) if setting.secret]


def parser() -> Parser:
    main = Parser(prog="exporter")
    add_flags(main)
    commands = main.add_subparsers(dest="command")
    add_flags(commands.add_parser("once"))
    return main


def values(*arguments: str) -> dict[str, Any]:
    return flag_values(parser().parse_args(arguments))


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert CANARY not in printed.out + printed.err
    return printed.err


def test_what_is_not_given_is_absent() -> None:
    assert values() == {}
    assert values("once") == {}


def test_what_is_given_nests_as_the_settings_do() -> None:
    given = values(
        "--web.listen-address", ":1", "--web.listen-address=[::1]:2", "--target.page-size", "7"
    )
    assert given == {"web": {"listen_address": [":1", "[::1]:2"]}, "target": {"page_size": "7"}}


def test_switches_take_no_value_and_can_be_turned_off() -> None:
    assert values("--web.disable-exporter-metrics") == {"web": {"disable_exporter_metrics": True}}
    assert values("--no-metrics.per-service") == {"metrics": {"per_service": False}}


def test_a_command_shares_the_flags() -> None:
    given = values("--log.level", "debug", "once", "--target.url", "http://a")
    assert given == {"log": {"level": "debug"}, "target": {"url": "http://a"}}


def test_repeated_conditions_are_not_split() -> None:
    given = values(
        "--target.url=http://a",
        "--target.session-uuid-file=/s",
        "--target.conditions=type?=LLM,VLM",
        "--target.conditions=name=a,b",
    )
    assert load(given, {}).named_targets["default"].conditions == ("type?=LLM,VLM", "name=a,b")


def heading(setting: Setting) -> str:
    """How the entry of a setting begins."""
    flag = setting.flag or setting.key
    return flag.replace("--", "--[no-]", 1) if setting.switch else flag


@pytest.mark.parametrize("setting", [s for s in declared(Settings) if s.flag], ids=lambda s: s.key)
def test_every_setting_but_secrets_has_a_flag_in_the_help(setting: Any) -> None:
    shown = " ".join(parser().format_help().split())
    assert f" {heading(setting)} " in shown
    assert setting.description in shown
    assert setting.environment in shown
    assert f"default: {setting.default};" in shown or not setting.default


def test_the_help_is_grouped_by_section() -> None:
    shown = parser().format_help()
    for section in ("config", "web", "log", "metrics", "target"):
        assert f"\n{section}:\n" in shown


@pytest.mark.parametrize(
    ("columns", "width"), [(1, 60), (72, 72), (80, 80), (100, 100), (250, 100)]
)
def test_the_help_is_as_wide_as_the_terminal_within_bounds(
    columns: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    widest = max(map(len, parser().format_help().splitlines()))
    assert width - 5 < widest <= width


@pytest.mark.parametrize("command", [[], ["once"]])
def test_the_usage_does_not_spell_out_the_flags(
    capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args([*command, "--help"])
    assert capsys.readouterr().out.splitlines()[0].endswith(" [flags]")


@pytest.mark.parametrize("setting", SECRETS, ids=lambda s: s.key)
def test_a_secret_is_in_the_help_as_what_it_is(setting: Any) -> None:
    shown = parser().format_help()
    assert f"\n  {setting.key}\n" in shown
    assert f"--{setting.key.replace('_', '-')} " not in shown
    entry = f"{setting.description} (no flag, as it is a secret: set {setting.environment})"
    assert entry in " ".join(shown.split())


def test_the_help_lists_every_setting_in_its_place() -> None:
    shown = parser().format_help()
    places = [shown.index(f"\n  {heading(setting)}") for setting in declared(Settings)]
    assert places == sorted(places)


@pytest.mark.parametrize("setting", SECRETS, ids=lambda s: s.key)
@pytest.mark.parametrize(
    "shape", ["{flag} {value}", "{flag}={value}", "once {flag}={value}", "{flag}"]
)
def test_a_secret_is_refused_and_the_other_ways_are_named(
    capsys: pytest.CaptureFixture[str], setting: Any, shape: str
) -> None:
    flag = f"--{setting.key.replace('_', '-')}"
    err = refusal(capsys, *shape.format(flag=flag, value=CANARY).split())
    assert f"{flag}: a secret is not taken from the command line" in err
    assert setting.environment in err
    other = f"{setting.key} in the file" if setting.key == "target.proxy" else f"{flag}-file"
    assert other in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (f"--target.pasword-file={CANARY}", "did you mean --target.password-file?"),
        ("--target.interva=3", "unknown flag --target.interva, did you mean --target.interval?"),
        (f"--zzzzzzzz={CANARY}", "unknown flag --zzzzzzzz ("),
        (f"once {CANARY}", "there is an argument that belongs to no flag"),
        (f"--target.pasword {CANARY}", "invalid choice (choose from"),
        (f"--web.disable-exporter-metrics={CANARY}", "ignored explicit argument ("),
        ("--target.url", "--target.url: expected one argument"),
    ],
)  # fmt: skip
def test_an_unknown_argument_is_reported_without_its_value(
    capsys: pytest.CaptureFixture[str], arguments: str, expected: str
) -> None:
    err = refusal(capsys, *arguments.split())
    assert expected in err
    assert len(err.splitlines()) == 1
