"""All faults at once, and never a secret."""

import traceback

import pytest
from pydantic import ValidationError

from exporter.settings import Settings, SettingsError, declared, load
from tests.settings.loading import CANARY, TARGET, E, Write, complaint


def test_all_faults_are_reported_at_once() -> None:
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
    # A path is shown, so that it can be looked at.
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
