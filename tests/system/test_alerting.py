"""From a platform in trouble to the people who are notified, with the rules that are shipped."""

import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from yarl import URL

from exporter.simulator import Cloud, Fault, serving
from tests.support.commands import started

from .alertmanager import MISSING, Alertmanager, People, managing, people, program
from .programs import Programs
from .prometheus import Prometheus, running

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(program() is None, reason=MISSING),
]

DEPLOY: Final = Path(__file__).parents[2] / "deploy"


def hurried_rules() -> dict[str, Any]:
    """The shipped rules, for whom five minutes, and a month, are a second or two."""
    file = DEPLOY / "prometheus" / "rules" / "zstack-aios.yml"
    text = file.read_text("utf-8").replace("[5m]", "[2s]")
    text = text.replace("30 * 86400", "1")
    text = re.sub(r"\b(for|keep_firing_for): \w+", r"\1: 1s", text)
    rules: dict[str, Any] = yaml.safe_load(text)
    return rules


def hurried_configuration(folder: Path, alertmanager: str, exporter: str) -> dict[str, Any]:
    """The shipped configuration of Prometheus, with the addresses of here and no time to lose."""
    configuration: dict[str, Any] = yaml.safe_load(
        (DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8")
    )
    configuration["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    [rules] = configuration["rule_files"]
    (folder / rules).parent.mkdir()
    (folder / rules).write_text(yaml.safe_dump(hurried_rules()), "utf-8")
    [managers] = configuration["alerting"]["alertmanagers"]
    managers["static_configs"] = [{"targets": [alertmanager]}]
    [job] = configuration["scrape_configs"]
    job["static_configs"] = [{"targets": [exporter]}]
    return configuration


def hurried_routes(folder: Path, notified: People) -> dict[str, Any]:
    """The shipped configuration of Alertmanager, with the people of here and no time to lose."""
    shipped = DEPLOY / "alertmanager"
    text = (shipped / "alertmanager.yml").read_text("utf-8")
    text = re.sub(r"\b(group_wait|group_interval): \w+", r"\1: 1s", text)
    text = text.replace("https://pager.example.com/alertmanager", notified.pager)
    text = text.replace(
        "mail.example.com:587", f"{notified.mail_server}\n  smtp_require_tls: false"
    )
    configuration: dict[str, Any] = yaml.safe_load(text)
    for template in configuration["templates"]:
        (folder / template).write_text((shipped / template).read_text("utf-8"), "utf-8")
    return configuration


@dataclass
class World:
    """A platform, its exporter, and everybody who watches it."""

    cloud: Cloud
    platform: str
    folder: Path
    notified: People
    alertmanager: Alertmanager
    exporter: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def export(self, listen: str = "127.0.0.1:0") -> str:
        """Start the exporter; where it listens."""
        file = self.folder / "exporter.yml"
        target = {"url": self.platform, "account": "admin", "password": "password"}
        target |= {"interval": "500ms", "stale_after": "3s"}
        file.write_text(yaml.safe_dump({"targets": {"lab": target}}), "utf-8")
        flags = ("--config.file", str(file), "--web.listen-address", listen)
        _, url = await self.exporter.enter_async_context(started(*flags))
        return URL(url).authority


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    manager = program()
    assert manager is not None
    cloud = Cloud(services=3, instance_groups=1, model_centers=1)
    for group in [*cloud.groups]:
        cloud.groups.set_status(group, "Running")
    for uuid in [*cloud.estate]:
        cloud.estate.alter(uuid, has_new_version=False)
    for name in ("prometheus", "alertmanager"):
        (folder / name).mkdir()
    async with (
        serving(cloud) as platform,
        people() as notified,
        managing(
            manager, folder / "alertmanager", hurried_routes(folder / "alertmanager", notified)
        ) as alertmanager,
    ):
        world = World(cloud, platform, folder, notified, alertmanager)
        async with world.exporter:
            yield world


def test_amtool_takes_the_example() -> None:
    manager = program()
    assert manager is not None
    example = DEPLOY / "alertmanager" / "alertmanager.yml"
    command = [str(manager.parent / "amtool"), "check-config", str(example)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "1 templates" in checked.stdout


@pytest.mark.small_sample(0)
async def test_people_are_notified_of_updates_failures_and_silence_and_of_their_end(
    programs: Programs, tmp_path: Path
) -> None:
    async with a_world(tmp_path) as world:
        address = await world.export()
        configuration = hurried_configuration(
            tmp_path / "prometheus", world.alertmanager.address, address
        )
        async with running(programs, tmp_path / "prometheus", configuration) as prometheus:
            await prometheus.until("zstack_up == 1")
            await until_quiet(world)
            await a_service_gets_a_new_version(world)
            await a_service_stops(world)
            await the_platform_refuses_sessions(world, prometheus)
            await the_exporter_dies(world, address)
            assert not prometheus.troubles
            assert not world.alertmanager.troubles


async def until_quiet(world: World) -> None:
    """Before the first scrape no exporter is up, and an alert of that may be out."""
    await world.alertmanager.until(lambda alerts: not alerts)
    world.notified.pages.clear()
    world.notified.mails.clear()


async def a_service_gets_a_new_version(world: World) -> None:
    uuid, *_ = world.cloud.estate
    world.cloud.estate.alter(uuid, name="qwen3", version="0.9.2", has_new_version=True)
    notice = await world.notified.mailed("model-owners", "qwen3")
    assert notice.subject.startswith("[INFO] lab: Model services of a ZStack AIOS platform have")
    assert (
        "A new version is available for 1 model service of platform lab: qwen3 (runs 0.9.2).\n"
        in notice.text
    )
    assert "docs/runbooks/ZStackAIOSNewVersionAvailable.md\n" in notice.text
    pending = await world.notified.mailed("team", "qwen3")
    assert pending.subject == "[WARNING] lab: A model service has had a new version for 30 days."
    assert re.search(r"^qwen3 of lab still runs 0\.9\.2 of \w+, though a new", pending.text)

    world.cloud.estate.alter(uuid, version="0.10.0", has_new_version=False)
    await world.notified.mailed("team", "[RESOLVED] lab: A model service has had", "Resolved at")
    await world.alertmanager.until(lambda alerts: not alerts)
    assert not world.notified.pages
    world.notified.mails.clear()


async def a_service_stops(world: World) -> None:
    groups = world.cloud.groups
    [group] = groups.values()
    service = world.cloud.estate[group.model_service_uuid or ""]
    groups.set_status(group.uuid, "Unknown")
    notice = await world.notified.mailed("team", "no running instance")
    assert notice.subject == "[WARNING] lab: A model service that ran has no running instance."
    assert (
        f"{service.name} of lab has no running instance; when it ran last, it had"
        f" {len(group.instances)}. The platform says: {group.name} Unknown.\n" in notice.text
    )

    groups.set_status(group.uuid, "Running")
    await world.notified.mailed("team", "[RESOLVED] lab: A model service that ran", "Resolved at")
    await world.alertmanager.until(lambda alerts: not alerts)
    assert not world.notified.pages
    world.notified.mails.clear()


async def the_platform_refuses_sessions(world: World, prometheus: Prometheus) -> None:
    world.cloud.faults.append(Fault.error("ID.1001", operation="QueryModelService"))
    page = await world.notified.paged("ZStackAIOSTargetDown", "firing")
    assert page["labels"]["severity"] == "critical"
    assert page["annotations"]["description"] == (
        "Polls of lab fail: unauthorized (ID.1001) at QueryModelService. Its last numbers are "
        "shown until they are stale."
    )
    mail = await world.notified.mailed("on-call", "ID.1001")
    assert mail.subject == "[CRITICAL] lab: A ZStack AIOS platform cannot be polled."
    assert page["annotations"]["description"] in mail.text
    await world.alertmanager.until(lambda alerts: held_back(alerts, "ZStackAIOSDataStale"))
    await world.alertmanager.until(lambda alerts: held_back(alerts, "ZStackAIOSCredentialsRefused"))

    world.cloud.faults.clear()
    await world.notified.paged("ZStackAIOSTargetDown", "resolved")
    await world.notified.mailed(
        "on-call", "[RESOLVED] lab: A ZStack AIOS platform cannot be polled."
    )
    await prometheus.until("zstack_up == 1")
    await world.alertmanager.until(lambda alerts: not alerts)
    assert not [mail for mail in world.notified.mails if "out of date" in mail.subject]


async def the_exporter_dies(world: World, address: str) -> None:
    await world.exporter.aclose()
    page = await world.notified.paged("ZStackAIOSExporterAbsent", "firing")
    assert page["annotations"]["summary"] == "No zstack-aios-exporter can be scraped."
    await world.alertmanager.until(lambda alerts: held_back(alerts, "ZStackAIOSExporterDown"))

    assert await world.export(address) == address
    await world.notified.paged("ZStackAIOSExporterAbsent", "resolved")
    await world.alertmanager.until(lambda alerts: not alerts)
    assert not [mail for mail in world.notified.mails if "qwen3" in mail.text], (
        "it was updated long ago"
    )


def held_back(alerts: dict[str, dict[str, Any]], name: str) -> bool:
    return name in alerts and bool(alerts[name]["status"]["inhibitedBy"])
