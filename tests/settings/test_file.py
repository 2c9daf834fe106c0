"""The configuration file."""

from datetime import timedelta
from pathlib import Path

import pytest

from exporter.settings import load
from tests.settings.loading import TARGET, Write, complaint, target


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


def test_an_empty_file_sets_nothing(file: Write) -> None:
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
    flags = file("{target: {url: http://a, account: x, password: y}, state: {file: kept/s}}")
    assert load(flags, {}).state.file == tmp_path / "kept/s"


def test_relative_paths_elsewhere_count_from_the_working_directory() -> None:
    assert target(password_file="secrets/a").password_file == Path("secrets/a")


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_a_file_that_cannot_be_used_is_reported_with_its_name(
    file: Write, text: str, expected: str
) -> None:
    reported = complaint({**file(text), "target": TARGET})
    assert reported.startswith("config.file /")
    assert expected in reported


def test_a_file_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: \xe4\n")
    assert "is not text in UTF-8" in complaint({"config": {"file": path}, "target": TARGET})


def test_a_missing_file_is_reported_once_and_not_what_might_stand_in_it(tmp_path: Path) -> None:
    reported = complaint({"config": {"file": tmp_path / "none.yaml"}, "log": {"level": "loud"}})
    assert [line.split(": ")[0] for line in reported.splitlines()] == [
        f"config.file {tmp_path}/none.yaml",
        "log.level (flag --log.level)",
    ]
    assert "no such file or directory" in reported


def test_only_a_fault_of_the_file_is_reported_where_the_rest_is_good(tmp_path: Path) -> None:
    reported = complaint({"config": {"file": tmp_path}, "target": TARGET})
    assert reported == (
        f"config.file {tmp_path}: cannot be read: is a directory; "
        "name a file that the exporter can read"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("logs: {}", "logs (in {path}, line 1): is not a setting; did you mean log?"),
        (
            "url: http://a",
            "url (in {path}, line 1): is not a setting; did you mean url under target?",
        ),
        ("web.max_requests: 1", "did you mean max_requests under web?"),
        (
            "web: {max-requests: 1}",
            "web.max-requests (in {path}, line 1): is not a setting; did you mean max_requests?",
        ),
        ("web: {qq: 1}", "known here: listen_address, telemetry_path"),
        (
            "target: {pasword: 1}",
            "target.pasword (in {path}, line 1): is not a setting; did you mean password?",
        ),
        ("web: [1]", "web (in {path}, line 1): must be a mapping of settings"),
        (
            "log: {level: loud}",
            "log.level (in {path}, line 1): must be 'debug', 'info', 'warning' or 'error'",
        ),
        (
            "web: {max_requests: many}",
            "web.max_requests (in {path}, line 1): must be a whole number",
        ),
        ("web: {max_requests: -1}", "must be greater than or equal to 0"),
        ("metrics: {max_series: 0}", "must be greater than or equal to 1"),
        ("web: {listen_address: []}", "web.listen_address (in {path}, line 1): must not be empty"),
        ("web: {listen_address: {a: b}}", "web.listen_address (in {path}, line 1): must be a list"),
        ("metrics: {per_service: perhaps}", "must be true or false"),
    ],
)
def test_a_wrong_setting_of_the_file_is_reported_with_its_place(
    file: Write, text: str, expected: str
) -> None:
    flags = file(text)
    reported = complaint({**flags, "target": TARGET} if "target:" not in text else flags)
    assert expected.format(path=flags["config"]["file"]) in reported
