"""kubectl and helm, as tools/kubectl and tools/helm install them."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from .objects import Objects

ROOT: Final = Path(__file__).parents[2]
RESOURCES: Final = ROOT / "deploy" / "kubernetes"
CHART: Final = ROOT / "deploy" / "helm" / "zstack-aios-exporter"
NAMESPACE: Final = "zstack-aios"

_KUBECTL: Final = ROOT / ".tools" / "kubectl" / "kubectl"
_HELM: Final = ROOT / ".tools" / "helm" / "helm"


class RefusedError(Exception):
    """The program ended badly; its text is all that it printed."""


def kustomize(folder: Path) -> Objects:
    """What a kustomization builds. Skips the test where there is no kubectl."""
    if not _KUBECTL.exists():
        pytest.skip("no kubectl here: run tools/kubectl")
    return Objects.of(_run(_KUBECTL, "kustomize", str(folder)))


def built(folder: Path, kustomization: str, **files: str) -> Objects:
    """An overlay of its own, in a copy of the project's folders."""
    for part in ("deploy/kubernetes", "grafana"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("*.py"))
    overlay = folder / "deploy/kubernetes/overlays/own"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(kustomization)
    for name, content in files.items():
        (overlay / f"{name}.yaml").write_text(content)
    return kustomize(overlay)


def template(*options: str, chart: Path = CHART) -> Objects:
    """What the chart renders. Skips the test where there is no helm."""
    place = ("monitoring", str(chart), "--namespace", NAMESPACE)
    return Objects.of(helm("template", *place, *options))


def helm(*arguments: str) -> str:
    """What helm prints. Raises RefusedError if it ends badly."""
    if not _HELM.exists():
        pytest.skip("no helm here: run tools/helm")
    return _run(_HELM, *arguments)


@cache
def _run(program: Path, *arguments: str) -> str:
    done = subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
    )
    if done.returncode:
        raise RefusedError(done.stdout + done.stderr)
    # A warning, such as of what a later release will refuse; lint gives them as its findings.
    assert not done.stderr or arguments[0] == "lint", done.stderr
    return done.stdout
