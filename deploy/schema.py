"""values.schema.json: what Helm refuses before it asks Kubernetes for anything."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from exporter.settings import Setting, Settings, declared, sections

from .values import Value

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": _TEXT}
_OBJECTS: Final[Schema] = {"type": "array", "items": {"type": "object"}}
_LABELS: Final[Schema] = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
_DURATION: Final = r"^([0-9]+(\.[0-9]+)?(d|h|m|s|ms))+$"

_MORE: Final[Mapping[str, Schema]] = {
    "configFiles": {**_TEXTS, "propertyNames": {"pattern": "^[-._a-zA-Z0-9]+$"}},
    "secret.files": {**_TEXTS, "propertyNames": {"pattern": "^[-._a-zA-Z0-9]+$"}},
    "replicas": {"minimum": 0},
    "state.size": {"pattern": "^[0-9]+(Ki|Mi|Gi)$"},
    "image.digest": {"pattern": "^(sha256:[0-9a-f]{64})?$"},
    "image.pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
    "image.pullSecrets": _OBJECTS,
    "commonLabels": _LABELS,
    "extraArgs": {"items": {"type": "string", "pattern": "^--"}},
    "extraEnv": _OBJECTS,
    "extraVolumes": _OBJECTS,
    "extraVolumeMounts": _OBJECTS,
    "strategy": {"properties": {"type": {"enum": ["RollingUpdate", "Recreate"]}}},
    "podLabels": _LABELS,
    "podAnnotations": _LABELS,
    "nodeSelector": _LABELS,
    "tolerations": _OBJECTS,
    "topologySpreadConstraints": _OBJECTS,
    "serviceAccount.annotations": _LABELS,
    "service.port": {"minimum": 1, "maximum": 65535},
    "service.annotations": _LABELS,
    "networkPolicy.from": _OBJECTS,
    "networkPolicy.extraEgress": _OBJECTS,
    "serviceMonitor.labels": _LABELS,
    "serviceMonitor.interval": {"pattern": _DURATION},
    "serviceMonitor.scrapeTimeout": {"pattern": _DURATION},
    "serviceMonitor.relabelings": _OBJECTS,
    "serviceMonitor.metricRelabelings": _OBJECTS,
    "prometheusRule.labels": _LABELS,
    "prometheusRule.alertLabels": _LABELS,
    "prometheusRule.alerts": {
        "additionalProperties": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "enabled": {"type": "boolean"},
                "expr": _TEXT,
                "for": {"type": "string", "pattern": _DURATION},
                "keep_firing_for": {"type": "string", "pattern": _DURATION},
                "labels": _LABELS,
                "annotations": _LABELS,
            },
        }
    },
    "dashboards.labels": _LABELS,
    "dashboards.annotations": _LABELS,
}
"""The types of values whose default does not show them."""

_OF_HELM: Final[Schema] = {
    "global": {"type": "object", "description": "What charts above this one hand down."},
    "enabled": {"type": "boolean", "description": "For charts that depend on this one."},
}


def values_schema(values: Iterable[Value]) -> str:
    """The schema of the values, in which an undeclared value is an error."""
    schema = _object({})
    for value in values:
        _section(schema, value.path[:-1])["properties"][value.path[-1]] = _value(value)
    schema["properties"] |= _OF_HELM
    whole = {"$schema": "http://json-schema.org/draft-07/schema#", **schema}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _object(properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _section(schema: Schema, path: tuple[str, ...]) -> Schema:
    for name in path:
        schema = schema["properties"].setdefault(name, _object({}))
    return schema


def _value(value: Value) -> Schema:
    described = {"description": value.description}
    if value.key == "config":
        return described | _config()
    return described | {"type": _type(value.default)} | _MORE.get(value.key, {})


def _type(default: Any) -> str:
    kinds = ((bool, "boolean"), (int, "integer"), (str, "string"), (list, "array"))
    return next((name for kind, name in kinds if isinstance(default, kind)), "object")


_OF_THE_CHART: Final = {
    *("web.listen_address", "web.config_file", "web.systemd_socket"),
    *("shard.ordinal", "shard.total"),
}
"""Settings that the chart makes itself."""

_NO_GROUPS: Final = {"config", "shard"}
"""Sections of which nothing is left: a file names no other, and shards follow from `replicas`."""


def _config() -> Schema:
    """The exporter's own configuration, without secrets: a ConfigMap is no place for them."""
    groups = {name: _settings(name) for name in sections(Settings) if name not in _NO_GROUPS}
    target = {**groups["target"], "required": ["url"]}
    names = {"propertyNames": {"minLength": 1, "maxLength": 64}}
    several = {"type": "object", "additionalProperties": target} | names
    [files] = (each for each in declared(Settings) if each.key == "targets_files")
    more = {"targets": several, "targets_files": _setting(files)}
    return _object({**groups, "target": target, **more})


def _settings(section: str) -> Schema:
    shown = [
        each
        for each in declared(Settings)
        if each.path[0] == section and each.key not in _OF_THE_CHART
    ]
    return _object({each.path[-1]: _setting(each) for each in shown if _is_public(each)})


def _is_public(setting: Setting) -> bool:
    return not setting.secret or setting.metavar == "URL"


def _setting(setting: Setting) -> Schema:
    return {"description": setting.description} | _notation(setting)


_FLAGS: Final = {"true", "false"}

_NOTATIONS: Final[Mapping[str, Schema]] = {
    "DURATION": {"type": ["string", "number"], "pattern": r"^([0-9.]+(d|h|m|s|ms)?)+$"},
    "SIZE": {"type": ["string", "integer"], "pattern": "^[0-9]+ *(B|KiB|MiB|GiB)?$"},
    "NUMBER": {"type": "integer"},
    # With a user and password it would be a secret.
    "URL": {"type": "string", "pattern": "^https?://[^@]+$"},
}


def _notation(setting: Setting) -> Schema:
    if setting.switch:
        return {"type": "boolean"}
    if setting.repeatable:
        return {"type": "array", "items": _TEXT}
    if "|" in setting.metavar:
        choices = setting.metavar.split("|")
        # YAML has flags of its own: `true` without quotes is meant as well.
        return {"enum": [*choices, *(each == "true" for each in choices if each in _FLAGS)]}
    return _NOTATIONS.get(setting.metavar, _TEXT) | _bounds(setting)


def _bounds(setting: Setting) -> Schema:
    """The least and the most that a number may be."""
    names = {"ge": "minimum", "le": "maximum"}
    return {
        name: getattr(marker, bound)
        for marker in setting.field.metadata
        for bound, name in names.items()
        if hasattr(marker, bound)
    }
