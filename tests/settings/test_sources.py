"""Where settings come from, and which source overrides which."""

from pathlib import Path

import pytest

from exporter.settings import Settings, load
from tests.settings.loading import CANARY, TARGET, E, Write, complaint, target


def test_a_target_is_all_that_is_needed() -> None:
    settings = load({"target": TARGET}, {})
    assert settings.web.listen_address == (":10521",)
    assert settings.web.telemetry_path == "/metrics"
    assert settings.log.level == "info"
    assert settings.metrics.per_service
    assert [*settings.named_targets] == ["default"]


def test_flags_override_the_environment_which_overrides_the_file(file: Write) -> None:
    flags = file(
        """
        log: {level: error, format: json}
        target: {url: http://file, account: file, password_file: /file, page_size: 3}
        """
    )
    environ = {f"{E}TARGET__URL": "http://env", f"{E}TARGET__ACCOUNT": "env"}
    settings = load({**flags, "target": {"url": "http://flag"}}, environ)
    (only,) = settings.named_targets.values()
    assert (only.url, only.account, only.page_size) == ("http://flag", "env", 3)
    assert (settings.log.level, settings.log.format) == ("error", "json")


def test_the_environment_of_the_process_is_read_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"{E}LOG__LEVEL", "debug")
    assert load({"target": TARGET}).log.level == "debug"
    assert load({"target": TARGET}, {}).log.level == "info"


def test_a_lone_settings_object_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{E}LOG__LEVEL", "debug")
    assert Settings(target=target()).log.level == "info"


def test_the_environment_names_the_file_too(file: Write) -> None:
    path = file("target: {url: http://a, session_uuid: s}")["config"]["file"]
    settings = load({}, {f"{E}CONFIG__FILE": path})
    assert settings.config.file == Path(path)
    assert settings.named_targets["default"].url == "http://a"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load({"target": TARGET}, {f"{E}LOG__LEVEL": ""}).log.level == "info"


def test_lists_in_the_environment_are_separated_by_commas() -> None:
    environ = {f"{E}WEB__LISTEN_ADDRESS": "127.0.0.1:10521, [::1]:10521,"}
    web = load({"target": TARGET}, environ).web
    assert web.listen_address == ("127.0.0.1:10521", "[::1]:10521")
    assert web.addresses == (("127.0.0.1", 10521), ("::1", 10521))


def test_switches_and_numbers_in_the_environment_are_read() -> None:
    environ = {f"{E}METRICS__PER_SERVICE": "false", f"{E}TARGET__PAGE_SIZE": "7"}
    settings = load({"target": TARGET}, environ)
    assert not settings.metrics.per_service
    assert settings.named_targets["default"].page_size == 7


def test_an_unknown_variable_is_an_error_with_a_suggestion() -> None:
    expected = complaint({"target": TARGET}, {f"{E}TARGET__PASWORD": CANARY})
    assert expected == (f"{E}TARGET__PASWORD: is not a setting; did you mean {E}TARGET__PASSWORD?")


def test_a_variable_like_no_setting_is_to_be_removed() -> None:
    assert "remove it" in complaint({"target": TARGET}, {f"{E}QQQQ": CANARY})


def test_a_whole_target_in_one_variable_is_refused_without_its_value() -> None:
    expected = complaint({"target": TARGET}, {f"{E}TARGET": f'{{"password": "{CANARY}"}}'})
    assert expected.startswith(f"{E}TARGET: is not a setting")
    assert CANARY not in expected


def test_several_targets_in_the_environment_are_sent_to_the_file() -> None:
    expected = complaint({"target": TARGET}, {f"{E}TARGETS__LAB__URL": "http://a"})
    assert "several targets can only be set in the file" in expected


def test_the_variables_of_a_kubernetes_service_are_ignored() -> None:
    environ = {
        f"{E}SERVICE_HOST": "10.0.0.1",
        f"{E}SERVICE_PORT": "10521",
        f"{E}SERVICE_PORT_HTTP": "10521",
        f"{E}PORT": "tcp://10.0.0.1:10521",
        f"{E}PORT_10521_TCP": "tcp://10.0.0.1:10521",
        f"{E}PORT_10521_TCP_ADDR": "10.0.0.1",
        f"{E}LAB_PORT": "tcp://10.0.0.1:10521",
    }
    assert [*load({"target": TARGET}, environ).named_targets] == ["default"]


def test_a_port_that_kubernetes_did_not_set_is_an_error() -> None:
    assert f"{E}PORT: is not a setting" in complaint({"target": TARGET}, {f"{E}PORT": "10521"})
