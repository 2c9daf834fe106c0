"""What the documents give to copy, held against the program that it is for."""

import re
import shutil
from itertools import chain
from pathlib import Path

import pytest
import yaml

from exporter.simulator import Cloud, serving
from tests.support.documents import ROOT, blocks, scrape_configs
from tests.support.exporting import exporting, target

from .programs import Programs
from .prometheus import scraping

RUNBOOKS = tuple(f"docs/runbooks/{page.name}" for page in (ROOT / "docs/runbooks").iterdir())
PAGES = ("README.md", "docs/metrics.md", "docs/endpoints.md", *RUNBOOKS)


QUERIES = [
    query
    for page in PAGES
    for block in blocks(page, "promql")
    for query in re.split(r"\n(?! )", block.strip())
]


@pytest.mark.system
async def test_prometheus_takes_every_example(programs: Programs, tmp_path: Path) -> None:
    pages = (scrape_configs("docs/fleet.md"), scrape_configs("docs/endpoints.md"))
    examples = [*blocks("README.md", "yaml"), *chain.from_iterable(pages)]
    assert len(examples) == 11
    shutil.copytree(ROOT / "deploy/prometheus/rules", tmp_path / "rules")
    for example in examples:
        file = tmp_path / "prometheus.yml"
        file.write_text(example)
        assert (await programs.check_config(file))[0] == 0


@pytest.mark.system
async def test_prometheus_takes_the_scrape_config_for_kubernetes(
    programs: Programs, tmp_path: Path
) -> None:
    [example] = scrape_configs("docs/kubernetes.md")
    file = tmp_path / "prometheus.yml"
    file.write_text(example)
    code, output = await programs.check_config(file)
    if "field kubernetes_sd_configs not found" in output:
        pytest.skip("this build of Prometheus discovers nothing in Kubernetes")
    assert code == 0, output


@pytest.mark.system
async def test_prometheus_understands_every_query(programs: Programs, tmp_path: Path) -> None:
    rules = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(QUERIES)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "documents", "rules": rules}]}))
    code, output = await programs.check_rules(file)
    assert code == 0, output


@pytest.mark.system
async def test_prometheus_can_answer_every_query(programs: Programs, tmp_path: Path) -> None:
    """Also those that match series of two kinds, which fail only where there are both."""
    assert len(QUERIES) > 30
    async with (
        serving(Cloud(services=20)) as platform,
        exporting(targets={"lab": target(platform, interval=0.2)}) as exporter,
        scraping(programs, tmp_path, {"zstack-aios": exporter.url("/metrics")}) as prometheus,
    ):
        moment = await prometheus.moment("zstack_model_services_reported == 20")
        for query in QUERIES:
            await prometheus.rows(query.replace("TARGET", "lab"), moment)
