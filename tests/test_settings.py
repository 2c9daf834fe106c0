"""Settings: where they come from, how values are written, what is said of wrong ones."""

import re
import shutil
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from exporter.settings import Settings, SettingsError, TargetSettings, declared, load
from exporter.settings.names import Flag
from exporter.settings.notation import read_zone
from exporter.settings.section import Section
from exporter.zstack.dates import fixed_offset, zone_named

CANARY = "hunter2canary"
ROOT = Path(__file__).parent.parent
E = "ZSTACK_EXPORTER_"

TARGET = {"url": "http://10.0.0.5:8080", "account": "admin", "password_file": "/run/password"}

Write = Callable[[str], dict[str, Any]]


@pytest.fixture
def file(tmp_path: Path) -> Write:
    """The flags that name a configuration file of the given text."""

    def write(text: str) -> dict[str, Any]:
        path = tmp_path / "exporter.yaml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return {"config": {"file": str(path)}}

    return write


def target(**changes: Any) -> TargetSettings:
    """A target read from flags, with changes to a good one."""
    settings = load({"target": {**TARGET, **changes}}, {})
    return settings.named_targets["default"]


def complaint(flags: dict[str, Any], environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(flags, environ or {})
    return str(caught.value)


def complaint_of_target(**changes: Any) -> str:
    return complaint({"target": {**TARGET, **changes}})


# Sources


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


def test_the_environment_of_the_process_is_read_unless_another_is_given(
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
    environ = {f"{E}WEB__LISTEN_ADDRESS": ":10521, [::1]:10521,"}
    web = load({"target": TARGET}, environ).web
    assert web.listen_address == (":10521", "[::1]:10521")
    assert web.addresses == (("", 10521), ("::1", 10521))


def test_switches_and_numbers_in_the_environment_are_read() -> None:
    environ = {f"{E}METRICS__PER_SERVICE": "false", f"{E}TARGET__PAGE_SIZE": "7"}
    settings = load({"target": TARGET}, environ)
    assert not settings.metrics.per_service
    assert settings.named_targets["default"].page_size == 7


def test_an_unknown_variable_is_an_error_with_a_suggestion() -> None:
    said = complaint({"target": TARGET}, {f"{E}TARGET__PASWORD": CANARY})
    assert said == (f"{E}TARGET__PASWORD: is not a setting; did you mean {E}TARGET__PASSWORD?")


def test_a_variable_like_no_setting_is_told_to_go() -> None:
    assert "remove it" in complaint({"target": TARGET}, {f"{E}QQQQ": CANARY})


def test_a_whole_target_in_one_variable_is_refused_without_its_value() -> None:
    said = complaint({"target": TARGET}, {f"{E}TARGET": f'{{"password": "{CANARY}"}}'})
    assert said.startswith(f"{E}TARGET: is not a setting")
    assert CANARY not in said


def test_several_targets_in_the_environment_are_sent_to_the_file() -> None:
    said = complaint({"target": TARGET}, {f"{E}TARGETS__LAB__URL": "http://a"})
    assert "several targets can only be set in the file" in said


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


# The file


def test_scalars_of_the_file_are_the_text_that_stands_there(file: Write) -> None:
    flags = file(
        """
        target: {url: http://a, account: yes, password: 0123, time_zone: +10:00, interval: 30}
        metrics: {per_service: no}
        """
    )
    settings = load(flags, {})
    (only,) = settings.named_targets.values()
    assert only.account == "yes"
    assert only.credentials.secret is not None
    assert only.credentials.secret.get_secret_value() == "0123"
    assert only.zone is not None
    assert only.zone.utcoffset(None) == timedelta(hours=10)
    assert only.interval == 30
    assert not settings.metrics.per_service


def test_a_key_without_a_value_means_the_default(file: Write) -> None:
    flags = file(
        """
        web:
        log:
          level:
        target: {url: http://a, session_uuid: s, stale_after: }
        targets:
        """
    )
    assert load(flags, {}).log.level == "info"


def test_an_empty_file_says_nothing(file: Write) -> None:
    assert load({**file("# nothing\n"), "target": TARGET}, {}).log.level == "info"


def test_merge_keys_share_settings_between_targets(file: Write) -> None:
    flags = file(
        """
        targets:
          a: &a {url: http://a, account: x, password_file: /p}
          b: {<<: *a, url: http://b}
        """
    )
    named = load(flags, {}).named_targets
    assert [(name, t.url, t.account) for name, t in named.items()] == [
        ("a", "http://a", "x"),
        ("b", "http://b", "x"),
    ]


def test_relative_paths_in_the_file_count_from_its_folder(file: Write, tmp_path: Path) -> None:
    flags = file("targets: {a: {url: http://a, account: x, password_file: secrets/a}}")
    assert load(flags, {}).named_targets["a"].password_file == tmp_path / "secrets/a"


def test_relative_paths_elsewhere_count_from_the_working_directory() -> None:
    assert target(password_file="secrets/a").password_file == Path("secrets/a")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:\n\tb: c\n", "line 2, column 1: is not usable YAML: a tab stands where only spaces"),
        ("a: [\n", "line 2, column 1: is not usable YAML: expected the node content"),
        ("- a\n", "must be a mapping of settings"),
        ("text\n", "must be a mapping of settings"),
        (
            "log: {level: info}\nlog: {}\n",
            "line 2, column 1: is not usable YAML: a key is repeated here",
        ),
        (
            "targets:\n  - a: 1\n    a: 2\n",
            "line 3, column 5: is not usable YAML: a key is repeated",
        ),
        ("? [a]\n: b\n", "a key is not a name"),
        ("~: b\n", "a key is not a name"),
        ("config: {file: other.yaml}\n", "cannot name another file"),
        ("a: \x00\n", "contains control characters"),
        ("a: &a\n  b: *a\n", "is nested without end"),
        ("!!int a: b\n", "line 1, column 1: is not usable YAML: a value begins with !"),
        ('a: "\\U00110000"\n', "line 1, column 7: is not usable YAML: a number is too large"),
        (f"%YAML 1.{'9' * 5000}\n---\na: b\n", "is not usable YAML: a number is too large"),
        ('a: "\\0"\n', "line 1, column 4: is not usable YAML: a value has a character that no"),
        ('a: ["\\ud800"]\n', "line 1, column 5: is not usable YAML: a value has a character that"),
        (
            "a: !python/object:os.system x\n",
            "is not usable YAML: a value begins with !",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_name(
    file: Write, text: str, said: str
) -> None:
    told = complaint({**file(text), "target": TARGET})
    assert told.startswith("config.file /")
    assert said in told


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: \xe4\n")
    assert "is not text in UTF-8" in complaint({"config": {"file": path}, "target": TARGET})


def test_a_missing_file_is_told_once_and_not_what_might_stand_in_it(tmp_path: Path) -> None:
    told = complaint({"config": {"file": tmp_path / "none.yaml"}, "log": {"level": "loud"}})
    assert [line.split(": ")[0] for line in told.splitlines()] == [
        f"config.file {tmp_path}/none.yaml",
        "log.level (flag --log.level)",
    ]
    assert "no such file or directory" in told


def test_only_a_fault_of_the_file_is_told_where_the_rest_is_good(tmp_path: Path) -> None:
    told = complaint({"config": {"file": tmp_path}, "target": TARGET})
    assert told == (
        f"config.file {tmp_path}: cannot be read: is a directory; "
        "name a file that the exporter can read"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("logs: {}", "logs (in {path}): is not a setting; did you mean log?"),
        ("url: http://a", "url (in {path}): is not a setting; did you mean url under target?"),
        ("web.max_requests: 1", "did you mean max_requests under web?"),
        (
            "web: {max-requests: 1}",
            "web.max-requests (in {path}): is not a setting; did you mean max_requests?",
        ),
        ("web: {qq: 1}", "known here: listen_address, telemetry_path"),
        (
            "target: {pasword: 1}",
            "target.pasword (in {path}): is not a setting; did you mean password?",
        ),
        ("web: [1]", "web (in {path}): must be a mapping of settings"),
        (
            "log: {level: loud}",
            "log.level (in {path}): must be 'debug', 'info', 'warning' or 'error'",
        ),
        ("web: {max_requests: many}", "web.max_requests (in {path}): must be a whole number"),
        ("web: {max_requests: -1}", "must be greater than or equal to 0"),
        ("web: {listen_address: []}", "web.listen_address (in {path}): must not be empty"),
        ("web: {listen_address: {a: b}}", "web.listen_address (in {path}): must be a list"),
        ("metrics: {per_service: perhaps}", "must be true or false"),
    ],
)
def test_a_wrong_setting_of_the_file_is_told_with_its_place(
    file: Write, text: str, said: str
) -> None:
    flags = file(text)
    told = complaint({**flags, "target": TARGET} if "target:" not in text else flags)
    assert said.format(path=flags["config"]["file"]) in told


# Targets


def test_several_targets_have_the_names_of_the_file(file: Write) -> None:
    flags = file(
        """
        targets:
          上海 lab: {url: http://a, session_uuid: s}
          b.c-d: {url: http://b, session_uuid: s}
        """
    )
    assert [*load(flags, {}).named_targets] == ["上海 lab", "b.c-d"]


def test_no_target_is_an_error_that_tells_each_way_to_set_one() -> None:
    told = complaint({})
    assert told.startswith("target: is missing")
    for way in ("--target.url", f"{E}TARGET__URL", "targets:", "--config.file"):
        assert way in told


def test_no_targets_are_no_targets(file: Write) -> None:
    flags = file("targets: {}")
    path = flags["config"]["file"]
    assert complaint(flags) == f"targets (in {path}): must not be empty"


def test_a_wrong_target_alone_does_not_count_as_none(file: Write) -> None:
    flags = file("targets: {a: {url: http://a, session_uuid: s, page_size: 0}}")
    (fault,) = complaint(flags).splitlines()
    assert fault.startswith("targets.a.page_size (in ")


def test_target_and_targets_exclude_each_other(file: Write) -> None:
    flags = file("targets: {a: {url: http://a, session_uuid: s}}")
    told = complaint({**flags, "target": TARGET})
    assert told == "target: is given together with targets; keep only one of the two"


def test_a_variable_that_was_left_over_is_named(file: Write) -> None:
    several = file("targets: {lab: {url: http://a, session_uuid: s}}")
    told = complaint(several, {f"{E}TARGET__PASSWORD": CANARY})
    assert f"target ({E}TARGET__PASSWORD): is given together with targets" in told
    assert CANARY not in told


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        f"http://a:{CANARY}@b",
        f"u:{CANARY}@h",
        "host:8080",
        "x" * 65,
        '"a\\nb"',
        '" a"',
        '""',
    ],
)
def test_a_name_that_no_target_can_have_is_refused_and_not_shown(file: Write, name: str) -> None:
    told = complaint(file(f"targets: {{? {name} : {{url: x, password: {CANARY}}}}}"))
    assert re.fullmatch(
        r"targets \(in .*\): contains a name that no target can have; use 1 to 64 .*", told
    )
    assert CANARY not in told


def test_faults_of_a_named_target_name_it(file: Write) -> None:
    told = complaint(file("targets: {the lab: {account: a, intervall: 3}}"))
    assert "targets.the lab.url (in " in told
    assert "is missing; set targets.the lab.url in the file" in told
    assert "did you mean interval?" in told
    assert "targets.the lab.password_file (in " in told


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://10.0.0.5:8080", "http://10.0.0.5:8080"),
        ("https://a.example/", "https://a.example"),
        ("http://a/zstack", "http://a"),
        ("http://a/zstack/v1/", "http://a"),
        ("http://a/proxied/zstack/v1", "http://a/proxied"),
        ("http://a/proxied/", "http://a/proxied"),
        ("http://a/zstackish", "http://a/zstackish"),
        ("HTTP://[::1]:80", "http://[::1]:80"),
    ],
)
def test_a_url_keeps_its_prefix_and_loses_the_path_of_the_api(given: str, kept: str) -> None:
    assert target(url=given).url == kept


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("10.0.0.5:8080", "is not an http or https URL; write it like http://10.0.0.5:8080"),
        ("ftp://a", "is not an http or https URL"),
        ("http://", "is not an http or https URL"),
        ("http://a:port", "is not an http or https URL"),
        ("http://[::1", "is not an http or https URL"),
        ("http://a b", "is not an http or https URL"),
        ("http://a?b=c", "must not contain a query or fragment"),
        ("http://a#b", "must not contain a query or fragment"),
        (
            f"http://u:{CANARY}@a",
            "must not contain a user or password; remove them and set account",
        ),
    ],
)
def test_a_url_that_cannot_be_a_platform_is_refused(url: str, said: str) -> None:
    told = complaint_of_target(url=url)
    assert told.startswith(f"target.url (flag --target.url): {said}")
    assert CANARY not in told


def test_every_kind_of_credentials_is_accepted() -> None:
    def credentials(**given: str) -> tuple[str, str | None, bool, Path | None]:
        flags = {"target": {"url": "http://a", **given}}
        found = load(flags, {}).named_targets["default"].credentials
        return found.kind, found.identity, found.secret is not None, found.secret_file

    assert credentials(access_key_id="i", access_key_secret="s") == ("access_key", "i", True, None)
    assert credentials(account="a", password_file="/p") == ("account", "a", False, Path("/p"))
    assert credentials(session_uuid="s") == ("session", None, True, None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {},
            "target: has no credentials; set access_key_id and access_key_secret_file, or account",
        ),
        (
            {"account": "a"},
            "target.password_file: is missing: account is given, but neither password_file",
        ),
        (
            {"access_key_secret": CANARY},
            "target.access_key_id: is missing: access_key_secret is given without it; ",
        ),
        (
            {"account": "a", "password": CANARY, "password_file": "/p"},
            "target.password: is given twice, as password and as password_file; keep one of them",
        ),
        (
            {"session_uuid": CANARY, "session_uuid_file": "/p"},
            "target.session_uuid: is given twice",
        ),
        (
            {"account": "a", "access_key_id": "i", "session_uuid": CANARY},
            "target: has credentials of several kinds: access_key_id and account and session_uuid",
        ),
    ],
)
def test_credentials_that_do_not_fit_together_are_told(given: dict[str, str], said: str) -> None:
    told = complaint({"target": {"url": "http://a", **given}})
    assert told.startswith(said)
    assert CANARY not in told


def test_what_is_missing_is_told_with_each_way_to_set_it() -> None:
    told = complaint({"target": {"url": "http://a", "account": "a"}})
    assert told.endswith(
        f"set --target.password-file or {E}TARGET__PASSWORD_FILE or target.password_file "
        "in the file"
    )


def test_a_client_key_needs_its_certificate() -> None:
    assert target(client_cert_file="c", client_key_file="k").client_key_file == Path("k")
    assert target(client_cert_file="c").client_key_file is None
    told = complaint_of_target(client_key_file="k")
    assert told.startswith("target.client_cert_file: is missing: client_key_file is given without")


def test_to_verify_with_an_authority_and_not_to_verify_contradict_each_other() -> None:
    assert target(insecure_skip_verify=True).insecure_skip_verify
    told = complaint_of_target(insecure_skip_verify=True, ca_file="/ca")
    assert "insecure_skip_verify contradicts ca_file; remove" in told


def test_numbers_are_stale_after_three_intervals_unless_set() -> None:
    assert target(interval="20s").effective_stale_after == 60
    assert target(interval="20s", stale_after="5m").effective_stale_after == 300


@pytest.mark.parametrize(
    ("interval", "stale_after"), [("0.05", "0.4"), ("1m", "60"), ("700ms", "0.7s"), (None, "1m")]
)
def test_numbers_may_go_stale_after_one_interval(interval: str | None, stale_after: str) -> None:
    assert target(interval=interval, stale_after=stale_after).stale_after


@pytest.mark.parametrize(("interval", "stale_after"), [("5m", "299s"), (None, "59s"), (0.5, 0.4)])
def test_numbers_that_go_stale_before_the_next_poll_are_a_fault(
    interval: str | None, stale_after: str
) -> None:
    assert complaint_of_target(interval=interval, stale_after=stale_after) == (
        "target.stale_after (flag --target.stale-after): "
        "is shorter than interval; make it at least as long as interval"
    )


def test_each_named_target_is_held_to_its_own_interval(file: Write) -> None:
    flags = file(
        """
        targets:
          a: {url: http://a, session_uuid: s, interval: 5m, stale_after: 2m}
          b: {url: http://b, session_uuid: s, interval: 1m, stale_after: 2m}
        """
    )
    path = flags["config"]["file"]
    assert complaint(flags) == (
        f"targets.a.stale_after (in {path}): "
        "is shorter than interval; make it at least as long as interval"
    )


def test_a_wrong_interval_is_the_only_fault_where_stale_after_cannot_be_compared() -> None:
    told = complaint_of_target(interval="soon", stale_after="1s")
    assert told.startswith("target.interval (flag --target.interval): is not a duration")
    assert len(told.splitlines()) == 1


def test_page_sizes_have_bounds() -> None:
    assert target(page_size="10000").page_size == 10000
    assert "must be less than or equal to 10000" in complaint_of_target(page_size="10001")
    assert "must be greater than or equal to 1" in complaint_of_target(page_size=0)


# How values are written


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30), ("5m", 300), ("1h30m", 5400), ("500ms", 0.5), ("1.5h", 5400), ("2d", 172800),
        ("700ms", 0.7), ("45", 45), ("0.05", 0.05), (45, 45), (0.05, 0.05), (" 30s ", 30),
    ],
)  # fmt: skip
def test_durations_are_seconds_however_written(written: object, seconds: float) -> None:
    assert target(interval=written).interval == seconds


@pytest.mark.parametrize(
    "written",
    ["30x", "", "s", "1m1h", "1 m", "-5s", "0", "0s", "nan", float("inf"), True, None, [30]],
)
def test_what_is_no_duration_is_told_with_an_example(written: object) -> None:
    if written is None:
        assert target(interval=written).interval == 60
    else:
        told = complaint_of_target(interval=written)
        assert re.match(r"target.interval \(flag --target.interval\): .*write it like 30s", told)


@pytest.mark.parametrize(
    ("written", "size"), [("64MiB", 2**26), ("1 GiB", 2**30), ("512KiB", 2**19), ("9B", 9), (7, 7)]
)
def test_sizes_are_bytes_however_written(written: object, size: int) -> None:
    assert target(max_response_bytes=written).max_response_bytes == size


@pytest.mark.parametrize("written", ["64MB", "0", "-1", "1.5MiB", True, 0, ""])
def test_what_is_no_size_is_told_with_an_example(written: object) -> None:
    assert "is not a size; write it like 64MiB" in complaint_of_target(max_response_bytes=written)


@pytest.mark.parametrize("name", ["Asia/Shanghai", "UTC", "PRC", "Etc/GMT-8", " Asia/Shanghai "])
def test_a_time_zone_is_a_name(name: str) -> None:
    assert target(time_zone=name).zone == ZoneInfo(name.strip())


def test_a_time_zone_that_is_not_set_is_for_the_platform_to_tell() -> None:
    assert target().zone is None
    assert target(time_zone="auto").zone is None


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("+08:00", 480), ("+0800", 480), ("+8", 480), ("+08", 480), ("+8:00", 480), ("+800", 480),
        ("-03:30", -210), ("-0330", -210), ("-3:30", -210), ("+05:45", 345), ("+00:00", 0),
        ("GMT+08:00", 480), ("GMT+8", 480), ("GMT+0800", 480), ("GMT-3:30", -210),
        ("UTC+8", 480), ("UTC+08:00", 480), ("UTC-0330", -210), (" +08:00 ", 480),
        ("+14:00", 840), ("-12:00", -720), ("+15:00", 900), ("+23:59", 1439),
    ],
)  # fmt: skip
def test_a_time_zone_is_an_offset_in_every_form(written: str, minutes: int) -> None:
    assert target(time_zone=written).zone == timezone(timedelta(minutes=minutes))


@given(
    st.sampled_from(["", "GMT", "UTC"]),
    st.sampled_from("+-"),
    st.integers(0, 23).flatmap(lambda hours: st.sampled_from([f"{hours}", f"{hours:02d}"])),
    st.none() | st.integers(0, 59),
    st.sampled_from(["", ":"]),
)
def test_an_offset_that_a_platform_reports_is_the_same_zone_as_a_setting(
    prefix: str, sign: str, hours: str, minutes: int | None, colon: str
) -> None:
    offset = f"{prefix}{sign}{hours}" + ("" if minutes is None else f"{colon}{minutes:02d}")
    assert read_zone(offset) == fixed_offset(offset) is not None


@given(st.sampled_from(sorted(available_timezones())))
def test_a_name_that_a_platform_reports_is_the_same_zone_as_a_setting(name: str) -> None:
    now = datetime(2025, 6, 5, tzinfo=UTC)
    set_here, reported = read_zone(name), zone_named(name, None)
    assert set_here is not None
    assert reported is not None
    assert now.astimezone(set_here).utcoffset() == now.astimezone(reported).utcoffset()


@pytest.mark.parametrize(
    "written",
    [
        "Asia", "Asia/Nowhere", "../etc/passwd", "/etc/passwd", "", "a\0b", "8", "08:00", "+",
        "+24:00", "+80", "+08:60", "+08:", "+08:0", "GMT 8", "CST+8",
    ],
)  # fmt: skip
def test_what_is_no_time_zone_is_told_with_an_example(written: str) -> None:
    assert "is not a time zone; write auto, a name like" in complaint_of_target(time_zone=written)


@pytest.mark.parametrize(
    "condition",
    [
        "framework=vLLM", "a!=b", "a>1", "a>=1", "a<1", "a<=1", "a?=b,c", "a!?=b,c", "a~=%b%",
        "a!~=b", "a is null", "a not null", "modelServiceRefs.modelUuid=x", "name=a=b", "a = b c",
        "__systemTag__~=x",
    ],
)  # fmt: skip
def test_each_operator_makes_a_condition(condition: str) -> None:
    assert target(conditions=[condition]).conditions == (condition,)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("framework", "has no query operator; write it like framework=vLLM"),
        ("=x", "does not begin with a single field name"),
        ("a is not null", "does not begin with a single field name"),
        ("name=a!=b", "a value cannot contain != >= or <="),
    ],
)
def test_what_zstack_would_split_wrongly_is_refused(condition: str, said: str) -> None:
    told = complaint_of_target(conditions=["a=b", condition])
    assert told.startswith("target.conditions[1] (flag --target.conditions): ")
    assert said in told


@pytest.mark.parametrize(
    ("written", "conditions"),
    [
        ("a=b,c=d", ("a=b", "c=d")),
        ("a?=b,c,d=e", ("a?=b,c", "d=e")),
        ("a!?=b, c ,d not null,", ("a!?=b,c", "d not null")),
    ],
)
def test_in_the_environment_the_values_of_a_list_operator_stay_together(
    written: str, conditions: tuple[str, ...]
) -> None:
    settings = load({"target": TARGET}, {f"{E}TARGET__CONDITIONS": written})
    assert settings.named_targets["default"].conditions == conditions


def test_in_the_environment_a_piece_that_belongs_to_no_list_is_an_error() -> None:
    told = complaint({"target": TARGET}, {f"{E}TARGET__CONDITIONS": "a=b,c"})
    assert f"target.conditions[1] ({E}TARGET__CONDITIONS): has no query operator" in told


@pytest.mark.parametrize("address", [":0", "localhost:80", "127.0.0.1:65535", "[::1]:10521"])
def test_addresses_to_listen_on(address: str) -> None:
    settings = load({"target": TARGET, "web": {"listen_address": [address]}}, {})
    assert settings.web.listen_address == (address,)


@pytest.mark.parametrize(
    "address", ["10521", "::1:80", "a:b", ":65536", "http://a:80", "[::1]", ""]
)
def test_what_is_no_address_to_listen_on_is_told_with_an_example(address: str) -> None:
    told = complaint({"target": TARGET, "web": {"listen_address": [":1", address]}})
    assert told.startswith("web.listen_address[1] (flag --web.listen-address): is not an address")


def test_a_wrong_address_alone_is_one_fault() -> None:
    told = complaint({"target": TARGET, "web": {"listen_address": ["99999"]}})
    assert told == (
        "web.listen_address[0] (flag --web.listen-address): is not an address to listen on; "
        "write it like :10521, 127.0.0.1:10521 or [::1]:10521"
    )


def test_no_address_to_listen_on_is_one_fault() -> None:
    told = complaint({"target": TARGET}, {f"{E}WEB__LISTEN_ADDRESS": ","})
    assert told == (
        f"web.listen_address ({E}WEB__LISTEN_ADDRESS): must not be empty; "
        "give at least one address, such as :10521"
    )


@pytest.mark.parametrize(
    "path", ["/metrics", "/a/b.c_d~e-f", "/metrics/", "/probes", "/apis/v1", "/a/api/b"]
)
def test_paths_of_the_metrics(path: str) -> None:
    settings = load({"target": TARGET, "web": {"telemetry_path": path}}, {})
    assert settings.web.telemetry_path == path


@pytest.mark.parametrize("path", ["metrics", "/a b", "/{name}", "/a?b", "//a", "", "/a//b"])
def test_what_is_no_path_is_told(path: str) -> None:
    told = complaint({"target": TARGET, "web": {"telemetry_path": path}})
    assert "is not a path; begin it with /" in told


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/", "is the path of another endpoint"),
        ("/probe", "is the path of another endpoint"),
        ("/probe/", "is the path of another endpoint"),
        ("/-/ready", "is reserved by the exporter"),
        ("/-/anything/", "is reserved by the exporter"),
        ("/api/v1/anything", "is reserved by the exporter"),
    ],
)
def test_the_metrics_take_no_path_that_the_exporter_needs(path: str, said: str) -> None:
    told = complaint({"target": TARGET, "web": {"telemetry_path": path}})
    assert told == (
        "web.telemetry_path (flag --web.telemetry-path): "
        f"{said}; take another path, such as /metrics"
    )


def test_a_proxy_may_hold_a_password_and_keeps_it_to_itself() -> None:
    proxied = target(proxy=f"http://u:{CANARY}@proxy:3128")
    assert proxied.proxy is not None
    assert proxied.proxy.get_secret_value() == f"http://u:{CANARY}@proxy:3128"
    assert CANARY not in repr(proxied)
    told = complaint_of_target(proxy=f"socks5://u:{CANARY}@proxy")
    assert "is not an http or https URL; write it like http://user:password@proxy:3128" in told
    assert CANARY not in told


@pytest.mark.parametrize("name", ["account", "password"])
def test_empty_credentials_are_refused(name: str) -> None:
    given = {"url": "http://a", "account": "a", "password": "p", name: " "}
    assert f"target.{name}" in complaint({"target": given})
    assert "is empty" in complaint({"target": given})


# All faults at once, and never a secret


def test_all_faults_are_told_at_once() -> None:
    flags = {
        "log": {"level": "loud"},
        "target": {"url": "x", "account": "a", "page_size": "many", "client_key_file": "k"},
    }
    with pytest.raises(SettingsError) as caught:
        load(flags, {f"{E}LOGG": "x", f"{E}TARGET__INTERVAL": "soon"})
    assert sorted(fault.where for fault in caught.value.faults) == [
        f"{E}LOGG",
        "log.level (flag --log.level)",
        "target.client_cert_file",
        f"target.interval ({E}TARGET__INTERVAL)",
        "target.page_size (flag --target.page-size)",
        "target.password_file",
        "target.url (flag --target.url)",
    ]
    assert len(str(caught.value).splitlines()) == len(caught.value.faults)
    assert all(fault.what for fault in caught.value.faults)


LEAKS_BY_FILE = {
    "a mapping in place of a secret": "target: {url: http://a, account: a, password: {CANARY: 1}}",
    "a list in place of a secret": "target: {url: http://a, account: a, password: [CANARY]}",
    "a sibling is missing": "target: {password: CANARY}",
    "a sibling is wrong": "target: {url: [], account: a, password: CANARY, page_size: x}",
    "an unknown key": "target: {url: http://a, account: a, pasword: CANARY}",
    "a secret in a wrong place": "log: {level: CANARY, format: [CANARY], CAT: {a: CANARY}}",
    "a target that is a text": "target: http://user:CANARY@a",
    "a named target that is a text": "targets: {a: CANARY}",
    "targets that are a list": "targets: [{password: CANARY}]",
    "a missing space": "target: {password:CANARY}",
    "a missing space outside": "target:\n  password=CANARY: x\n  url: http://a",
    "a key like a URL": "targets: {'http://u:CANARY@h': {}}",
    "the whole file a text": "CANARY",
    "a list of files": "- CANARY",
    "an open quotation": 'target: {password: "CANARY}\n',
    "an unknown alias": "target:\n  password: *CANARY\n",
    "an unknown tag": "target:\n  password: !CANARY x\n",
    "a tag for a value": "target: {password: !CANARY, url: x}\n",
    "a bad indicator": "target:\n  password: @CANARY\n",
    "a bad indentation": "target:\n  password: CANARY\n url: x\n",
    "a bad escape": 'target: {password: "\\qCANARY"}',
    "a stray colon": "target: {password: a: CANARY: b}\n  x",
    "a key twice": "target: {password: CANARY, password: CANARY}",
    "a control character": "target: {password: CANARY\x01}",
    "both kinds": "target: {url: http://a, password: CANARY, session_uuid: CANARY}",
    "an interval": "target: {interval: CANARY, conditions: [CANARY], time_zone: CANARY}",
    "a choice": "target: {on_stale: CANARY, memory_unit: CANARY, page_size: CANARY}",
    "a url": "target: {url: 'CANARY://CANARY:CANARY@h?CANARY', proxy: CANARY}",
    "a listing": "web: {listen_address: CANARY, telemetry_path: CANARY}",
    "a binary": "target: {password: !!binary CANARY}",
    "an integer": "target: {password: !!int CANARY}",
}


@pytest.mark.parametrize("text", LEAKS_BY_FILE.values(), ids=LEAKS_BY_FILE)
def test_no_fault_of_a_file_holds_what_was_written(file: Write, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(file(text.replace("CANARY", CANARY)), {})
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.faults)
    assert CANARY not in shown
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "name",
    # A path is told, so that it can be looked at.
    [s.environment for s in declared(Settings) if s.key != "config.file"],
)
def test_no_fault_of_a_variable_holds_its_value(name: str) -> None:
    environ = {name: f"\x00{CANARY}", f"{E}TARGET__PAGE_SIZE": "x"}
    assert CANARY not in complaint({}, environ)


def test_settings_show_no_secret() -> None:
    settings = load(
        {},
        {f"{E}TARGET__URL": "http://a", f"{E}TARGET__ACCOUNT": "a", f"{E}TARGET__PASSWORD": CANARY},
    )
    (only,) = settings.named_targets.values()
    assert CANARY not in f"{settings!r} {settings} {settings.model_dump()} {only.credentials}"
    assert CANARY not in settings.model_dump_json()


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load({"target": TARGET}, {}).log.level = "debug"  # type: ignore[misc]  # that it is refused is the test


# What is declared


def test_every_setting_is_described_and_has_one_name_in_each_source() -> None:
    settings = [*declared(Settings)]
    assert all(s.description.endswith(".") for s in settings)
    for names in ([s.key for s in settings], [s.environment for s in settings]):
        assert len(set(names)) == len(names)


def test_every_path_but_that_of_the_metrics_is_named_file() -> None:
    """By this name relative paths are found that count from the folder of the file."""
    files = {s.key for s in declared(Settings) if s.metavar == "FILE"}
    assert files == {s.key for s in declared(Settings) if s.key.endswith("file")}


def test_a_setting_may_spell_its_flag_otherwise() -> None:
    class Web(Section):
        config_file: Annotated[Path | None, Flag("--web.config.file")] = Field(
            default=None, description="File."
        )

    class Some(Section):
        web: Web = Web()

    (setting,) = declared(Some)
    assert (setting.flag, setting.key) == ("--web.config.file", "web.config_file")
    assert setting.environment == f"{E}WEB__CONFIG_FILE"


def test_a_required_setting_and_one_without_notation_are_shown() -> None:
    class Some(Section):
        number: float = Field(default=1.5, description="A number.")
        needed: str = Field(description="A text.")

    assert [s.default for s in declared(Some)] == ["1.5", ""]


# The document


def examples() -> dict[str, str]:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    return dict(re.findall(r"<!-- example: (\w+) -->\n```yaml\n(.*?)```", page, re.DOTALL))


@pytest.mark.parametrize(("name", "targets"), [("one", ["default"]), ("many", ["shanghai", "lab"])])
def test_the_examples_of_the_document_load(file: Write, name: str, targets: list[str]) -> None:
    example = examples()[name]
    assert yaml.safe_load(example)
    assert [*load(file(example), {}).named_targets] == targets


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "docs", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_document_is_up_to_date_with_the_settings() -> None:
    checked = generate("--check")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def copied(root: Path, change: Callable[[str], str]) -> Path:
    """The documents, with one of them changed."""
    shutil.copytree(ROOT / "docs", root / "docs")
    for file in ("README.md", "config.example.yaml"):
        shutil.copy(ROOT / file, root)
    page = root / "docs/settings.md"
    page.write_text(change(page.read_text(encoding="utf-8")), encoding="utf-8")
    return page


def test_a_document_out_of_date_is_named_and_then_rewritten(tmp_path: Path) -> None:
    page = copied(tmp_path, lambda text: text.replace("`log.level`", "`log.loudness`"))
    root = ["--root", str(tmp_path)]
    checked = generate("--check", *root)
    assert (checked.returncode, checked.stdout) == (1, "docs/settings.md is out of date\n")
    assert "log.loudness" in page.read_text(encoding="utf-8")
    assert generate(*root).returncode == 0
    assert generate("--check", *root).returncode == 0
    assert "`log.level`" in page.read_text(encoding="utf-8")


def test_a_document_that_lost_its_region_is_an_error(tmp_path: Path) -> None:
    copied(tmp_path, lambda text: text.replace("<!-- end: settings -->", ""))
    assert "there must be one region settings" in generate("--root", str(tmp_path)).stderr
