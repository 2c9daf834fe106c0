"""Rewrite the generated parts of the documents; with --check, only say which are out of date."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from textwrap import fill

from exporter.advice import ADVICE
from exporter.family import Family
from exporter.metrics import SECTIONS
from exporter.settings import Setting, Settings, declared, sections

from . import licences, rules
from .rewriting import ROOT, rewrite

# What a document should say, given what it says now.
Rewrite = Callable[[str], str]


def main(arguments: list[str] | None = None) -> int:
    """Bring every document up to date; with --check, return 1 if one is not."""
    return rewrite("docs", __doc__, outdated, arguments)


def outdated(root: Path) -> Iterator[tuple[Path, str]]:
    """Each document that does not say what it should, and what it should say."""
    for name, written_anew in DOCUMENTS:
        document = root / name
        text = document.read_text(encoding="utf-8") if document.exists() else ""
        wanted = written_anew(text)
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
    return "\n".join(tables)


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


def settings_list() -> str:
    """Every setting in one short table, for whoever reads the README."""
    rows = (f"| {_code(s.key)} | {_code(s.default)} | {_meaning(s)} |" for s in declared(Settings))
    return "\n".join(["| setting | default | meaning |\n|---|---|---|", *rows])


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


def metrics_list() -> str:
    """Every metric in one short table."""
    rows = (
        f"| `{family.name}` | {', '.join(map(_code, family.own_labels))} | {family.help} |"
        for families in SECTIONS.values()
        for family in families
    )
    return "\n".join(["| metric | labels | meaning |\n|---|---|---|", *rows])


def reasons_list() -> str:
    """Every way of failing, with its advice."""
    rows = (f"| `{kind.reason}` | {told.happened} | {told.fix} |" for kind, told in ADVICE.items())
    return "\n".join(["| reason | what happened | what to do |\n|---|---|---|", *rows])


def dashboards_tables() -> str:
    """What each panel of each dashboard answers."""
    return "\n".join(_dashboard(name) for name in ("overview", "updates", "exporter-health"))


def _dashboard(name: str) -> str:
    dashboard = json.loads((ROOT / "grafana" / f"{name}.json").read_text(encoding="utf-8"))
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    rows = [
        f"| {panel['title']} | {panel['description']} "
        f"| {panel['fieldConfig']['defaults']['noValue']} |"
        for panel in panels
    ]
    head = "| panel | what it tells | what it says where there is nothing |\n|---|---|---|"
    title = dashboard["title"].partition(" / ")[2]
    return f"### {title}\n\n{dashboard['description']}\n\n" + "\n".join([head, *rows]) + "\n"


def example_file() -> str:
    """A configuration file with every setting; all but those of a working target are commented."""
    groups = (_example_section(name, about) for name, about in sections(Settings).items())
    return "\n".join([_HEAD, *filter(None, groups), _SEVERAL])


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
}
_ACTIVE = {"target.url", "target.access_key_id", "target.access_key_secret_file"}
_NOTES = {
    "target.access_key_secret": "Instead of access_key_secret_file: ",
    "target.account": "Instead of an access key: ",
    "target.session_uuid": "Instead of both: ",
}
_SEVERAL = f"""\
# Several platforms, instead of target: each with a name of your choice, which is the label target
# of its series, and with the settings above.
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
        "README.md",
        each(
            region("metrics", metrics_list),
            region("reasons", reasons_list),
            region("settings", settings_list),
        ),
    ),
    ("docs/metrics.md", region("metrics", metrics_tables)),
    ("docs/dashboards.md", region("dashboards", dashboards_tables)),
    ("docs/licences.md", region("licences", licences.licences_table)),
    ("docs/settings.md", region("settings", settings_tables)),
    (
        "docs/alerts.md",
        each(region("alerts", rules.alerts_table), region("records", rules.records_table)),
    ),
    ("config.example.yaml", lambda _: example_file()),
)

if __name__ == "__main__":
    sys.exit(main())
