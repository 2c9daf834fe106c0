"""Values written with quotes, and empty ones."""

import pytest

from exporter.settings import load
from tests.settings.loading import E, Write, complaint

QUOTED = {
    "TARGET__URL": "http://a",
    "TARGET__ACCOUNT": "admin",
    "TARGET__PASSWORD_FILE": "/run/password",
    "TARGET__PAGE_SIZE": "100",
    "TARGET__INTERVAL": "30s",
    "TARGET__MAX_RESPONSE_BYTES": "1MiB",
    "TARGET__ON_STALE": "keep",
    "TARGET__TIME_ZONE": "Asia/Shanghai",
    "TARGET__CONDITIONS": "framework=vLLM,type=LLM",
    "TARGET__INSECURE_SKIP_VERIFY": "true",
    "WEB__LISTEN_ADDRESS": "127.0.0.1:10521,[::1]:10521",
    "WEB__TELEMETRY_PATH": "/metrics",
    "LOG__LEVEL": "info",
    "METRICS__PER_SERVICE": "false",
}


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("name", QUOTED)
def test_a_value_written_with_quotes_is_one_fault_about_the_quotes(name: str, quote: str) -> None:
    good = {f"{E}{each}": value for each, value in QUOTED.items()}
    load({}, good)
    reported = complaint({}, {**good, f"{E}{name}": f"{quote}{QUOTED[name]}{quote}"})
    assert reported.count("\n") == 0
    assert reported.endswith(
        f"({E}{name}): is written with quotes; remove the quotes: docker's --env-file, among"
        " others, keeps them as a part of the value"
    )


def test_a_file_of_settings_named_with_quotes_is_one_fault(file: Write) -> None:
    path = file("target: {url: http://a, session_uuid: s}")["config"]["file"]
    reported = complaint({}, {f"{E}CONFIG__FILE": f'"{path}"'})
    assert reported.startswith(f"config.file ({E}CONFIG__FILE): is written with quotes")
    assert reported.count("\n") == 0


def test_quotes_may_be_a_part_of_a_secret() -> None:
    given = {"url": "http://a", "account": "a", "password": "'p'"}
    kept = load({"target": given}, {}).named_targets["default"].password
    assert kept is not None
    assert kept.get_secret_value() == "'p'"
