"""Where the project is published, as pyproject.toml declares it, and every line that names it."""

import argparse
import re
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docs.rewriting import ROOT
from exporter import NAME

PROJECT: Final = Path("pyproject.toml")


@dataclass(frozen=True)
class Publishing:
    """The version, and the addresses: without a slash at the end."""

    version: str
    repository: str
    """Where the source is, such as `https://git.example.com/team/exporter`."""
    pages: str
    """Where a file of the main branch can be read, by its path."""
    registry: str
    """Where images and, under `charts/`, charts are, such as `registry.example.com/monitoring`."""

    @property
    def slug(self) -> str:
        """The repository as its host calls it: `owner/name`."""
        return "/".join(self.repository.rsplit("/", 2)[1:])

    @property
    def owner(self) -> str:
        return self.slug.partition("/")[0]

    @property
    def urls(self) -> str:
        """The table of pyproject.toml: each name is one that package indexes know."""
        addresses = {
            "Homepage": self.repository,
            "Documentation": f"{self.pages}/README.md",
            "Source": self.repository,
            "Issues": f"{self.repository}/issues",
            "Changelog": f"{self.pages}/CHANGELOG.md",
        }
        return "".join(f'{name} = "{address}"\n' for name, address in addresses.items())


def read_publishing(root: Path) -> Publishing:
    """What pyproject.toml declares. Raises KeyError where a part is missing."""
    project = tomllib.loads((root / PROJECT).read_text("utf-8"))
    declared = project["tool"]["publishing"]
    return Publishing(
        version=project["project"]["version"],
        repository=declared["repository"],
        pages=declared["pages"].format(repository=declared["repository"]),
        registry=declared["registry"],
    )


@dataclass(frozen=True)
class Mention:
    """Text in some files that follows from the version or from where the project is published."""

    files: str
    pattern: str
    text: Callable[[Publishing], str]
    optional: bool = False


def placed(root: Path, publishing: Publishing) -> dict[Path, str]:
    """Each file with a mention, and its wanted text.

    Raises ValueError where a file lacks a mention that is not optional.
    """
    texts: dict[Path, str] = {}
    for mention in MENTIONS:
        wanted = mention.text(publishing)
        for file in sorted(root.glob(mention.files)):
            path = file.relative_to(root)
            before = texts.get(path) or file.read_text("utf-8")
            texts[path], found = re.subn(
                mention.pattern, wanted.replace("\\", r"\\"), before, flags=re.MULTILINE
            )
            if not found and not mention.optional:
                raise ValueError(f"{path} has nothing that matches {mention.pattern}")
    return texts


def main(arguments: list[str] | None = None) -> int:
    """Declare other addresses in pyproject.toml; `make docs` then brings them everywhere."""
    parser = argparse.ArgumentParser(prog="python -m deploy.publishing", description=main.__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the project")
    for name in ("repository", "registry"):
        parser.add_argument(f"--{name}", default="", help="empty: as it is")
    given = parser.parse_args(arguments)
    file = given.root / PROJECT
    text = file.read_text("utf-8")
    for name in ("repository", "registry"):
        address = getattr(given, name).rstrip("/")
        if address:
            text = re.sub(rf'(?m)(?<=^{name} = ").*(?=")', address, text)
    file.write_text(text, "utf-8")
    return 0


def _version(publishing: Publishing) -> str:
    return publishing.version


def _pages(publishing: Publishing) -> str:
    return publishing.pages


def _repository(publishing: Publishing) -> str:
    return publishing.repository


def _registry(publishing: Publishing) -> str:
    return publishing.registry


_CHART: Final = "deploy/helm/zstack-aios-exporter"
_RUNBOOK: Final = r"(?<=runbook_url: )\S+(?=/docs/runbooks/)"
_PAGE: Final = r"https?://\S+?(?=/docs/|/CHANGELOG\.md|/SECURITY\.md)"
_TAG: Final = rf"(?<={NAME}:)\d+\.\d+\.[\w.-]+"

MENTIONS: Final = (
    Mention("pyproject.toml", r"(?<=^\[project\.urls\]\n)(?:\w+ = .*\n)*", lambda to: to.urls),
    Mention("deploy/prometheus/rules/*.yml", _RUNBOOK, _pages),
    Mention("deploy/prometheus/tests/*.yml", _RUNBOOK, _pages, optional=True),
    Mention(f"deploy/man/{NAME}.1", r"(?<=^\.UR ).*(?=/README\.md)", _pages),
    Mention(f"deploy/man/{NAME}.1", rf'(?<="{NAME} ).*(?=" "User)', _version),
    Mention("exporter/build.py", r'(?<=^PAGES: Final = ").*(?=")', _pages),
    Mention("docs/alerts.md", r"(?<=s\|)\S+(?=/docs/runbooks\|https)", _pages),
    Mention("docs/kubernetes.md", r"https?://\S+(?=//deploy/kubernetes/base)", _repository),
    Mention("docs/kubernetes.md", r"(?<=base\?ref=v)[\w.-]+(?=`)", _version),
    Mention("docs/kubernetes.md", r"(?<=oci://)\S+(?=/charts/)", _registry),
    Mention(f"{_CHART}/README.md", r"(?<=oci://)\S+(?=/charts/)", _registry),
    Mention(f"{_CHART}/Chart.yaml", r"(?<=^version: ).*", _version),
    Mention(f"{_CHART}/Chart.yaml", r"(?<=^appVersion: ).*", _version),
    Mention(f"{_CHART}/Chart.yaml", r"(?<=^home: ).*", _repository),
    Mention(f"{_CHART}/Chart.yaml", r"(?<=^sources:\n  - ).*", _repository),
    Mention(f"{_CHART}/Chart.yaml", r"(?<=^    url: ).*", _repository),
    Mention(f"{_CHART}/Chart.yaml", _PAGE, _pages),
    Mention(f"{_CHART}/Chart.yaml", rf"(?<=image: )\S+(?=/{NAME}:)", _registry),
    Mention(f"{_CHART}/Chart.yaml", _TAG, _version),
    Mention(f"{_CHART}/values.yaml", r"(?<=^  registry: ).*", _registry),
    Mention("deploy/kubernetes/base/kustomization.yaml", r"(?<= newTag: ).*", _version),
    Mention("deploy/compose/compose.yaml", _TAG, _version),
    Mention("docs/container.md", _TAG, _version),
    Mention("docs/container.md", rf"(?<=^podman pull )\S+(?=/{NAME}:)", _registry),
    Mention("docs/running.md", rf"(?<=^{NAME}, version )[\w.-]+", _version),
    Mention("docs/status.md", r'(?<="exporter": {"version": ")[\w.-]+', _version),
    Mention("docs/status.md", r'(?<="runbook": ")\S+(?=/docs/runbooks/)', _pages),
    Mention("tests/kubernetes/values/good/shards.yaml", r"(?<=tag: )[\d.]+(?=-)", _version),
    Mention("README*.md", _TAG, _version, optional=True),
    Mention("Dockerfile", r"(?<=^ARG VERSION=).*", _version),
    Mention("Dockerfile", r'(?<=image\.source=").*(?=")', _repository),
    Mention("security/openvex.json", r'(?<="@id": ")https\S+(?=/security/)', _pages),
    Mention(".github/CODEOWNERS", r"(?<=@)[\w-]+(?=/maintainers)", lambda to: to.owner),
    Mention("docs/releasing.md", r"https://\S+(?=/\.github/)", _repository),
    Mention("docs/releasing.md", r"(?<=--repo )\S+", lambda to: to.slug),
    Mention("docs/releasing.md", rf"(?<=IMAGE=)\S+(?=/{NAME}:)", _registry),
    Mention("docs/releasing.md", r"(?<=CHART=)\S+(?=/charts/)", _registry),
    Mention("docs/releasing.md", _TAG, _version),
    Mention(".github/ISSUE_TEMPLATE/config.yml", r"(?<=url: )\S+(?=/security)", _repository),
)

if __name__ == "__main__":
    sys.exit(main())
