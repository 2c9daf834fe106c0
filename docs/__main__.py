"""Rewrite the generated parts of the documents; with --check, only list those out of date."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from textwrap import fill

from exporter.cli.settings_table import NAME as SETTINGS_TABLE
from exporter.cli.settings_table import Setting as SettingRow
from exporter.metrics.family import Family
from exporter.metrics.table import SECTIONS
from exporter.settings import Setting, Settings, declared, sections
from exporter.state.hints import ERRORS, SYMPTOMS, Language

from . import licences, manual, rules
from .rewriting import ROOT, rewrite

# From the present text of a document to the wanted one.
Rewrite = Callable[[str], str]


def main(arguments: list[str] | None = None) -> int:
    """Rewrite every outdated document; with --check, only return 1 if there is one."""
    return rewrite("docs", __doc__, outdated, arguments)


def outdated(root: Path) -> Iterator[tuple[Path, str]]:
    """Each outdated document, and its wanted text."""
    for name, rewritten in DOCUMENTS:
        document = root / name
        text = document.read_text(encoding="utf-8") if document.exists() else ""
        wanted = rewritten(text)
        if wanted != text:
            yield Path(name), wanted


def region(name: str, text: Callable[[], str]) -> Rewrite:
    """Replace what stands between `<!-- generated: name -->` and `<!-- end: name -->`."""
    begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    between = re.compile(f"(?<={re.escape(begin)}).*?(?={re.escape(end)})", re.DOTALL)

    def rewrite(page: str) -> str:
        rewritten, found = between.subn(lambda _: f"\n{text()}\n", page)
        if found != 1:
            raise ValueError(f"there must be one region {name}, not {found}")
        return rewritten

    return rewrite


def settings_tables() -> str:
    """Tables of all settings, one for each section."""
    tables = (_table(name, about) for name, about in sections(Settings).items())
    return "\n".join((*tables, _table("targets_files", "Files that hold targets.")))


def _table(section: str, about: str) -> str:
    rows = [_row(setting) for setting in declared(Settings) if setting.path[0] == section]
    head = "| setting | flag | environment | default | meaning |\n|---|---|---|---|---|"
    return f"### {section}\n\n{about}\n\n" + "\n".join([head, *rows]) + "\n"


def _row(setting: Setting) -> str:
    flag = _code(setting.flag) if setting.flag else "none: a secret"
    cells = (_code(setting.key), flag, _code(setting.environment), _code(setting.default))
    return f"| {' | '.join(cells)} | {_meaning(setting)} |"


def _meaning(setting: Setting) -> str:
    repeated = " A list." if setting.repeatable else ""
    return f"{_explained(setting)}{repeated}".replace("|", "\\|")


def _explained(setting: Setting) -> str:
    choices = f" One of {setting.metavar.replace('|', ', ')}." if "|" in setting.metavar else ""
    return f"{setting.description}{choices}"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def metrics_tables() -> str:
    """Tables of all metrics, one for each section."""
    tables = (_metrics_table(section, families) for section, families in SECTIONS.items())
    return "\n".join(tables)


def _metrics_table(section: str, families: tuple[Family, ...]) -> str:
    rows = (
        f"| `{family.name}` | {family.type} | {', '.join(map(_code, family.labels))} "
        f"| {family.help} |"
        for family in families
    )
    head = "| metric | type | labels | meaning |\n|---|---|---|---|"
    return f"### {section}\n\n" + "\n".join([head, *rows]) + "\n"


def reasons_table(language: Language = "en") -> str:
    """Every class of error by its reason, with its hint."""
    heads = {
        "en": "| reason | what happened | what to do |",
        "zh": "| 原因 | 发生了什么 | 如何处理 |",
    }
    rows = []
    for kind, hint in ERRORS.items():
        happened, fix = (text.in_language(language) for text in (hint.happened, hint.fix))
        rows.append(f"| `{kind.reason}` | {happened} | {fix} |")
    return "\n".join([heads[language], "|---|---|---|", *rows])


def symptoms_table() -> str:
    """The failures with a more precise hint than their class has."""
    rows = (f"| {hint.happened} | {hint.fix} |" for hint in SYMPTOMS.values())
    return "\n".join(["| what happened | what to do |\n|---|---|", *rows])


def dashboards_tables() -> str:
    """What each panel of each dashboard answers."""
    names = ("overview", "services", "model-centers", "updates", "changes", "exporter-health")
    return "\n".join(_dashboard(name) for name in names)


def _dashboard(name: str) -> str:
    dashboard = json.loads((ROOT / "grafana" / f"{name}.json").read_text(encoding="utf-8"))
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    rows = [
        f"| {panel['title']} | {panel['description']} "
        f"| {panel['fieldConfig']['defaults']['noValue']} |"
        for panel in panels
    ]
    head = "| panel | what it shows | text without data |\n|---|---|---|"
    title = dashboard["title"].partition(" / ")[2]
    return f"### {title}\n\n{dashboard['description']}\n\n" + "\n".join([head, *rows]) + "\n"


def settings_table() -> str:
    """The settings as the command line reads them, which loads none of their declarations."""
    shown = [
        {name: getattr(setting, name) for name in SettingRow._fields}
        for setting in declared(Settings)
    ]
    table = {"sections": sections(Settings), "settings": shown}
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def example_file() -> str:
    """A configuration file with every setting; all but those of a working target are commented."""
    groups = (_example_section(name, about) for name, about in sections(Settings).items())
    return "\n".join([_HEAD, *filter(None, groups), _SEVERAL, _example_files()])


def _example_files() -> str:
    [setting] = (each for each in declared(Settings) if each.key == "targets_files")
    return f"{_comment(_explained(setting))}#{setting.key}: {_example_value(setting)}\n"


def _example_section(section: str, about: str) -> str:
    settings = [each for each in declared(Settings) if each.path[0] == section]
    # The file cannot name another one.
    shown = [_example(each) for each in settings if each.key != "config.file"]
    return "\n".join([f"{_comment(about)}{section}:\n", *shown]) if shown else ""


def _example(setting: Setting) -> str:
    about = _comment(f"{_NOTES.get(setting.key, '')}{_explained(setting)}", indent="  ")
    mark = "" if setting.key in _ACTIVE else "#"
    return f"{about}  {mark}{setting.path[-1]}: {_example_value(setting)}\n"


def _example_value(setting: Setting) -> str:
    """The default, or an example where there is none, as YAML."""
    shown = setting.default or _EXAMPLES.get(setting.key) or _KINDS.get(setting.metavar, "")
    if setting.repeatable:
        return json.dumps(shown.split(","))
    return shown.format(name=setting.path[-1].removesuffix("_file").replace("_", "-"))


def _comment(text: str, indent: str = "") -> str:
    margin = f"{indent}# "
    return fill(text, _WIDTH, initial_indent=margin, subsequent_indent=margin) + "\n"


_WIDTH = 100
_FOLDER = "/etc/zstack-aios-exporter"
_HEAD = """\
# Every setting of zstack-aios-exporter: take what you need and name the file with --config.file.
# A line such as #page_size: shows the default, or an example where there is none.
"""
_KINDS = {
    "DURATION": "3m",
    "FILE": f"{_FOLDER}/{{name}}",
    "NUMBER": "100000",
    "SECRET": "better-in-a-file-of-its-own",
    "TEXT": "admin",
    "URL": "http://proxy.example.com:3128",
}
_EXAMPLES = {
    "target.url": "http://10.0.0.5:8080",
    "target.access_key_id": "1A2B3C4D5E6F7G8H9I0J",
    "target.conditions": "framework=vLLM",
    "target.ca_file": f"{_FOLDER}/ca.pem",
    "target.client_cert_file": f"{_FOLDER}/client.pem",
    "target.client_key_file": f"{_FOLDER}/client-key.pem",
    "web.config_file": f"{_FOLDER}/web.yaml",
    "targets_files": f"{_FOLDER}/targets/*.yaml",
    "state.file": "/var/lib/zstack-aios-exporter/state.json",
}
_ACTIVE = {"target.url", "target.access_key_id", "target.access_key_secret_file"}
_NOTES = {
    "target.access_key_secret": "Instead of access_key_secret_file: ",
    "target.account": "Instead of an access key: ",
    "target.session_uuid": "Instead of both: ",
}
_SEVERAL = f"""\
# Several platforms, instead of target: each with a name of your choice, which is the label target
# of its series, and with the settings above but for name.
#targets:
#  shanghai:
#    url: http://10.0.0.5:8080
#    access_key_id: 1A2B3C4D5E6F7G8H9I0J
#    access_key_secret_file: {_FOLDER}/shanghai
#  lab:
#    url: https://zstack.lab.example.com
#    account: exporter
#    password_file: {_FOLDER}/lab
#    interval: 5m
"""


def each(*rewrites: Rewrite) -> Rewrite:
    """One after the other, for a page with several regions."""
    return lambda page: reduce(lambda text, rewrite: rewrite(text), rewrites, page)


DOCUMENTS: tuple[tuple[str, Rewrite], ...] = (
    (
        "docs/errors.md",
        each(region("reasons", reasons_table), region("symptoms", symptoms_table)),
    ),
    ("docs/reference.zh-CN.md", region("reasons-zh", lambda: reasons_table("zh"))),
    ("docs/metrics.md", region("metrics", metrics_tables)),
    ("docs/dashboards.md", region("dashboards", dashboards_tables)),
    ("docs/licences.md", region("licences", licences.licences_table)),
    ("docs/settings.md", region("settings", settings_tables)),
    (
        "docs/alerts.md",
        each(region("alerts", rules.alerts_table), region("records", rules.records_table)),
    ),
    ("config.example.yaml", lambda _: example_file()),
    (f"exporter/cli/{SETTINGS_TABLE}", lambda _: settings_table()),
    (str(manual.PAGE), lambda _: manual.manual()),
)

if __name__ == "__main__":
    sys.exit(main())
