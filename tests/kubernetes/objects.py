"""Objects of Kubernetes, as a program renders them, and the files that their pods see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import yaml

Object = dict[str, Any]

ORDINAL = "ZSTACK_EXPORTER_SHARD__ORDINAL"
TOTAL = "ZSTACK_EXPORTER_SHARD__TOTAL"
_WORKLOADS = ("Deployment", "StatefulSet")
# The one in C, where there is one: dashboards are long.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Objects:
    """What is applied together."""

    all: tuple[Object, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(tuple(filter(None, yaml.load_all(text, Loader=_LOADER))))

    def of_kind(self, *kinds: str) -> list[Object]:
        return [each for each in self.all if each["kind"] in kinds]

    def one(self, *kinds: str) -> Object:
        [found] = self.of_kind(*kinds)
        return found

    @property
    def workload(self) -> Object:
        return self.one(*_WORKLOADS)

    @property
    def pod(self) -> Object:
        """The template of the pods."""
        template = self.workload["spec"]["template"]
        assert isinstance(template, dict)
        return template

    @property
    def container(self) -> Object:
        [container] = self.pod["spec"]["containers"]
        assert isinstance(container, dict)
        return container

    @property
    def shards(self) -> int:
        """Pods that each poll a part of the targets."""
        workload = self.workload
        return int(workload["spec"]["replicas"]) if workload["kind"] == "StatefulSet" else 1

    @property
    def arguments(self) -> list[str]:
        """The container's arguments."""
        return [*self.container["args"]]

    def environment(self, shard: int = 0) -> dict[str, str]:
        """The container's variables, with what `auto` is in the pod of this ordinal."""
        given = {each["name"]: each["value"] for each in self.container.get("env", ())}
        if given.get(ORDINAL) == "auto":
            given[ORDINAL] = str(shard)
        return given

    def mounts(self) -> Iterator[tuple[str, Object]]:
        """Each folder that the container sees, and what is mounted there."""
        claims = self.workload["spec"].get("volumeClaimTemplates", ())
        volumes = {volume["name"]: volume for volume in self.pod["spec"]["volumes"]}
        volumes |= {claim["metadata"]["name"]: {"claim": claim["spec"]} for claim in claims}
        for mount in self.container["volumeMounts"]:
            yield mount["mountPath"], volumes[mount["name"]]

    def files(self) -> Mapping[str, str]:
        """Each file that the container sees and that is among these objects, by its path."""
        held = {
            (each["kind"], each["metadata"]["name"]): {
                **each.get("data", {}),
                **each.get("stringData", {}),
            }
            for each in self.of_kind("ConfigMap", "Secret")
        }
        sources = ((path, _source(volume)) for path, volume in self.mounts())
        return {
            f"{path}/{name}": content
            for path, source in sources
            for name, content in held.get(source, {}).items()
        }


def _source(volume: Object) -> tuple[str, str]:
    if "secret" in volume:
        return "Secret", volume["secret"]["secretName"]
    return "ConfigMap", volume.get("configMap", {}).get("name", "")
