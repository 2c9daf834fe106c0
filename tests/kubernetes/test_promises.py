"""What holds however the exporter is put on Kubernetes, by kustomize or by Helm."""

import json
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from yarl import URL

from exporter import NAME
from exporter.build import VERSION
from exporter.cli.command import COMMANDS
from exporter.cli.flags import flag_values
from exporter.settings import Settings, load
from exporter.web.server import HEALTH_PATHS
from tests.system.installed import COMMAND

from .container import PLACE, lay_out, moved
from .objects import Object, Objects

pytestmark = pytest.mark.system

OPERATOR = "monitoring.coreos.com/"
RELEASES = ("1.25.0", "1.28.0", kubernetes_validate.latest_version())


def settings(rendered: Objects, root: Path, shard: int = 0) -> Settings:
    """What the exporter of the container reads from its flags and files."""
    arguments = [moved(each, root) for each in rendered.arguments]
    given = COMMANDS["serve"].parser().parse_args(arguments)
    return load(flag_values(given), rendered.environment(shard))


def all_settings(rendered: Objects, root: Path) -> list[Settings]:
    lay_out(rendered, root)
    return [settings(rendered, root, shard) for shard in range(rendered.shards)]


def probes(rendered: Objects) -> dict[str, Object]:
    return {
        name: rendered.container[f"{name}Probe"]["httpGet"]
        for name in ("startup", "liveness", "readiness")
    }


def is_within(part: Object, whole: Object) -> bool:
    return part.items() <= whole.items()


@pytest.mark.parametrize("release", RELEASES)
def test_kubernetes_knows_every_field(rendered: Objects, release: str) -> None:
    for each in rendered.all:
        if not each["apiVersion"].startswith(OPERATOR):
            kubernetes_validate.validate(each, release, strict=True)


def test_kubectl_can_apply_every_object(rendered: Objects) -> None:
    # It keeps each as it was applied in an annotation of the object, which has a limit.
    assert max(len(json.dumps(each)) for each in rendered.all) < 2**18


def test_the_container_can_do_nothing_but_run(rendered: Objects) -> None:
    assert rendered.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_the_pod_runs_as_a_numbered_user_that_is_not_root(rendered: Objects) -> None:
    context = rendered.pod["spec"]["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["runAsGroup"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_pod_shares_nothing_with_its_node(rendered: Objects) -> None:
    shared = {"hostNetwork", "hostPID", "hostIPC", "hostUsers", "hostAliases"}
    assert not shared & rendered.pod["spec"].keys()
    assert "hostPath" not in yaml.safe_dump(rendered.pod)
    assert "hostPort" not in yaml.safe_dump(rendered.pod)


def test_the_pod_has_no_token_and_no_variables_of_services(rendered: Objects) -> None:
    assert rendered.pod["spec"]["automountServiceAccountToken"] is False
    assert rendered.pod["spec"]["enableServiceLinks"] is False
    for account in rendered.of_kind("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_the_pod_has_the_account_that_is_made_for_it(rendered: Objects) -> None:
    for account in rendered.of_kind("ServiceAccount"):
        assert rendered.pod["spec"]["serviceAccountName"] == account["metadata"]["name"]


def test_secrets_are_for_the_exporters_group_alone(rendered: Objects) -> None:
    group = rendered.pod["spec"]["securityContext"]["fsGroup"]
    assert group == rendered.pod["spec"]["securityContext"]["runAsGroup"]
    ours = [volume for path, volume in rendered.mounts() if path.startswith(PLACE)]
    for volume in ours:
        if "secret" in volume:
            assert volume["secret"]["defaultMode"] == 0o440
            assert volume["secret"]["optional"] is False


def test_nothing_that_is_mounted_can_be_written(rendered: Objects) -> None:
    for mount in rendered.container["volumeMounts"]:
        if mount["mountPath"].startswith(PLACE):
            assert mount["readOnly"] is True


def test_a_state_file_is_on_a_volume_that_no_other_pod_has(rendered: Objects) -> None:
    files = [each for each in rendered.arguments if each.startswith("--state.file=")]
    for file in files:
        folder = file.removeprefix("--state.file=").rpartition("/")[0]
        claim = dict(rendered.mounts())[folder]["claim"]
        assert claim["accessModes"] == ["ReadWriteOnce"]
        assert rendered.workload["kind"] == "StatefulSet"
    assert len(files) == sum("claim" in volume for _, volume in rendered.mounts())


def test_memory_is_bounded_and_cpu_is_not_throttled(rendered: Objects) -> None:
    resources = rendered.container["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}


def test_probes_ask_for_paths_that_need_no_password(rendered: Objects) -> None:
    asked = probes(rendered)
    assert {probe["path"] for probe in asked.values()} == HEALTH_PATHS
    assert asked["startup"]["path"] == asked["liveness"]["path"] == "/-/healthy"
    assert asked["readiness"]["path"] == "/-/ready"


def test_a_platform_that_hangs_does_not_end_the_pod(rendered: Objects) -> None:
    # Healthy is about the event loop alone; only ready waits for platforms.
    assert rendered.container["livenessProbe"]["httpGet"]["path"] == "/-/healthy"
    startup = rendered.container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 30


def test_probes_and_scrapes_speak_tls_where_the_exporter_does(rendered: Objects) -> None:
    given = any(each.startswith("--web.config.file=") for each in rendered.arguments)
    schemes = {probe.get("scheme", "HTTP") for probe in probes(rendered).values()}
    assert schemes == {"HTTPS" if given else "HTTP"}
    for monitor in rendered.of_kind("ServiceMonitor"):
        [endpoint] = monitor["spec"]["endpoints"]
        assert endpoint.get("scheme", "http").upper() in schemes


@pytest.mark.small_sample(2)
def test_the_configuration_is_one_that_the_exporter_takes(
    rendered: Objects, tmp_path: Path
) -> None:
    lay_out(rendered, tmp_path)
    for shard in range(rendered.shards):
        arguments = [moved(each, tmp_path) for each in rendered.arguments]
        checked = subprocess.run(
            [COMMAND, *arguments, "--config.check"],
            capture_output=True,
            text=True,
            check=False,
            env={
                name: moved(value, tmp_path) for name, value in rendered.environment(shard).items()
            },
        )
        assert (checked.returncode, checked.stderr) == (0, "")


def test_every_target_is_polled_once(rendered: Objects, tmp_path: Path) -> None:
    shards = all_settings(rendered, tmp_path)
    own = [each.shard.own(each.named_targets) for each in shards]
    assert sorted(chain.from_iterable(own)) == sorted(shards[0].named_targets)
    assert all(own)


def test_no_secret_is_in_the_configuration(rendered: Objects, tmp_path: Path) -> None:
    for each in all_settings(rendered, tmp_path):
        for target in each.named_targets.values():
            assert target.credentials.secret is None
            assert target.credentials.secret_file is not None


def test_ports_lead_to_where_the_exporter_listens(rendered: Objects, tmp_path: Path) -> None:
    [port] = rendered.container["ports"]
    for each in all_settings(rendered, tmp_path):
        assert [address.port for address in each.web.addresses] == [port["containerPort"]]
    [served] = rendered.one("Service")["spec"]["ports"]
    assert served["targetPort"] == port["name"]
    assert {probe["port"] for probe in probes(rendered).values()} == {port["name"]}
    for policy in rendered.of_kind("NetworkPolicy"):
        [let_in] = policy["spec"]["ingress"]
        assert let_in["ports"] == [{"port": port["name"], "protocol": "TCP"}]


def test_prometheus_scrapes_what_the_exporter_serves(rendered: Objects, tmp_path: Path) -> None:
    paths = {each.web.telemetry_path for each in all_settings(rendered, tmp_path)}
    [port] = rendered.one("Service")["spec"]["ports"]
    for monitor in rendered.of_kind("ServiceMonitor"):
        [endpoint] = monitor["spec"]["endpoints"]
        assert {endpoint["path"]} == paths
        assert endpoint["port"] == port["name"]
        # the job that the rules look for
        assert endpoint["relabelings"][0] == {"targetLabel": "job", "replacement": "zstack-aios"}


def test_selectors_find_the_pods(rendered: Objects) -> None:
    labels = rendered.pod["metadata"]["labels"]
    service = rendered.one("Service")
    assert is_within(rendered.workload["spec"]["selector"]["matchLabels"], labels)
    assert is_within(service["spec"]["selector"], labels)
    for policy in rendered.of_kind("NetworkPolicy"):
        assert is_within(policy["spec"]["podSelector"]["matchLabels"], labels)
    for monitor in rendered.of_kind("ServiceMonitor"):
        assert is_within(monitor["spec"]["selector"]["matchLabels"], service["metadata"]["labels"])


def test_what_goes_out_is_dns_and_the_platforms(rendered: Objects, tmp_path: Path) -> None:
    targets = [
        target
        for each in all_settings(rendered, tmp_path)
        for target in each.named_targets.values()
    ]
    wanted = {53} | {
        _port(target.proxy.get_secret_value() if target.proxy else target.url) for target in targets
    }
    for policy in rendered.of_kind("NetworkPolicy"):
        assert sorted(policy["spec"]["policyTypes"]) == ["Egress", "Ingress"]
        assert wanted <= set(let_out(policy))
        assert all(rule.get("ports") for rule in policy["spec"]["egress"])


def let_out(policy: Object) -> Iterator[int]:
    for rule in policy["spec"]["egress"]:
        yield from (port["port"] for port in rule["ports"])


def _port(url: str) -> int:
    port = URL(url).port
    assert port is not None
    return port


def test_a_new_version_takes_over_once_it_has_numbers(rendered: Objects) -> None:
    workload = rendered.workload
    if workload["kind"] == "Deployment" and workload["spec"]["strategy"]["type"] != "Recreate":
        assert workload["spec"]["strategy"]["rollingUpdate"] == {
            "maxSurge": 1,
            "maxUnavailable": 0,
        }


def test_the_image_is_that_of_this_version(rendered: Objects) -> None:
    image = rendered.container["image"].rpartition("/")[2]
    name, _, tag = image.partition(":")
    if "@" not in name:
        assert (name, tag.partition("-")[0]) == (NAME, VERSION)


def test_objects_are_named_and_labelled_as_one(rendered: Objects) -> None:
    ours = [each for each in rendered.all if each["kind"] != "Namespace"]
    labels = {each["metadata"]["labels"]["app.kubernetes.io/name"] for each in ours}
    assert len(labels) == 1
    assert len({each["metadata"].get("namespace") for each in ours}) == 1
