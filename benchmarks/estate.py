"""The model services to measure with: alike at every run, each as it is and as it is once changed.

Full records have all 30 fields of the newest platform, in about 6 KB. Projected ones have the 16
scalars that a projection returns, in about 440 bytes. One name in ten is Chinese, one in fifty
needs escaping in a label, and framework, type and source make some 200 groups.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

import msgspec

FRAMEWORKS: Final = (
    *("vLLM", "SGLang", "MindIE", "Diffusers", "Transformers", "SentenceTransformers"),
    *("LlamaCpp", "Ollama", "BentoML", "TensorRT-LLM", "Triton", "LMDeploy", "Other"),
)
TYPES: Final = ("Endpoint", "FineTune", "ModelEval", "App")
SOURCES: Final = ("HuggingFace", "ModelScope", "Bentoml", "Other")

CHINESE_EVERY: Final = 10
ESCAPED_EVERY: Final = 50
OUTDATED_EVERY: Final = 8

_CLASS: Final = "org.zstack.ai.entity.ModelServiceInventory"
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_HTML: Final = {"<": r"\u003c", ">": r"\u003e", "&": r"\u0026", "=": r"\u003d", "'": r"\u0027"}
"""What the platform's JSON escapes, since a web page could mistake it."""

_WORDS: Final = (
    *("a", "and", "for", "in", "is", "of", "on", "or", "the", "to", "with", "batch", "cache"),
    *("context", "cards", "decoding", "device", "inference", "latency", "layer", "memory"),
    *("model", "parallel", "precision", "prefill", "quantized", "request", "sampling", "server"),
    *("service", "template", "tensor", "throughput", "token", "tokenizer", "version", "weights"),
)


class Shape(Enum):
    """How much of each record the platform sends."""

    FULL = "full"
    PROJECTED = "projected"


class Records:
    """A list of a platform, `records` as they are now, each of which has another form as well."""

    def __init__(
        self, pairs: Sequence[tuple[bytes, bytes]], kind: str, chance: random.Random
    ) -> None:
        self.records: list[bytes] = [first for first, _ in pairs]
        self._others = [second for _, second in pairs]
        self._chance = chance
        self._schema = [b'"inventories[%d]":"%s"' % (i, kind.encode()) for i in range(len(pairs))]

    def change(self, number: int) -> list[int]:
        """Give this many, chosen at random, their other form; a second change takes it back.

        The places of those that were chosen.
        """
        chosen = self._chance.sample(range(len(self.records)), number)
        for i in chosen:
            self.records[i], self._others[i] = self._others[i], self.records[i]
        return chosen

    def page(self, start: int, limit: int) -> bytes:
        """The answer of the query."""
        records = self.records[start : start + limit]
        schema = self._schema[: len(records)]
        return b'{"inventories":[%s],"total":%d,"schema":{%s}}' % (
            b",".join(records),
            len(self.records),
            b",".join(schema),
        )


class Estate(Records):
    """A platform's model services in the order of their uuid; one changes when it is updated."""

    def __init__(self, services: int, shape: Shape, *, seed: int = 1) -> None:
        chance = random.Random(seed)
        numbers = [*_uuids(services, chance)]
        self.uuids = [uuid for _, uuid in numbers]
        pairs = [_pair(number, uuid, shape, chance) for number, uuid in numbers]
        super().__init__(pairs, _CLASS, chance)


def _uuids(services: int, chance: random.Random) -> Iterator[tuple[int, str]]:
    """Each service's number, by which it is named, and its uuid, by which the platform sorts."""
    uuids = sorted(f"{chance.getrandbits(128):032x}" for _ in range(services))
    return zip(chance.sample(range(services), services), uuids, strict=True)


def _pair(number: int, uuid: str, shape: Shape, chance: random.Random) -> tuple[bytes, bytes]:
    """The record, and the same service when it was updated."""
    record = _projected(number, uuid, chance)
    if shape is Shape.FULL:
        record |= _rest(uuid, chance)
    update = {"version": f"{record['version']}.post1", "hasNewVersion": _outdated(chance)}
    return as_json(record), as_json(record | update)


def as_json(record: Mapping[str, Any]) -> bytes:
    """The record as the platform sends it."""
    text = msgspec.json.encode(record).decode()
    for character, escape in _HTML.items():
        text = text.replace(character, escape)
    return text.encode()


def _projected(number: int, uuid: str, chance: random.Random) -> dict[str, Any]:
    framework = chance.choice(FRAMEWORKS)
    return {
        "uuid": uuid,
        "name": _name(number, framework),
        "type": chance.choice(TYPES),
        "framework": framework,
        "source": chance.choice(SOURCES),
        "version": f"{chance.randrange(3)}.{chance.randrange(20)}.{chance.randrange(10)}",
        "hasNewVersion": _outdated(chance),
        "requestCpu": chance.choice((1, 2, 4, 8, 16, 32)),
        "requestMemory": chance.choice((2, 4, 8, 16, 32, 64, 128)) * 2**30,
        "size": chance.randrange(10**8, 10**11),
        "modelCenterUuid": f"{chance.getrandbits(4):032x}",
        "gpuComputeCapability": chance.choice(("7.5", "8.0", "8.6", "9.0")),
        "pythonVersion": chance.choice(("3.10", "3.11", "3.12")),
        "system": chance.random() < 1 / 4,
        "supportDistributed": chance.random() < 1 / 2,
        "createDate": date(chance),
    }


def _outdated(chance: random.Random) -> bool:
    return chance.random() < 1 / OUTDATED_EVERY


def _name(number: int, framework: str) -> str:
    if number % ESCAPED_EVERY == 0:
        return f'"{framework}" of C:\\models\\{number:06d}'
    if number % CHINESE_EVERY == 1:
        return f"{framework}-智能问答推理服务-{number:06d}"
    return f"{framework}-inference-service-{number:06d}"


def date(chance: random.Random) -> str:
    """Some moment, as the platform writes it."""
    day = f"{chance.choice(_MONTHS)} {chance.randrange(1, 29)}, {chance.randrange(2024, 2026)}"
    time = f"{chance.randrange(1, 13)}:{chance.randrange(60):02}:{chance.randrange(60):02}"
    return f"{day} {time} {chance.choice(('AM', 'PM'))}"


def _rest(uuid: str, chance: random.Random) -> dict[str, Any]:
    """The 14 fields that a projection leaves out, long texts among them."""
    return {
        "description": prose(chance, 30),
        "readme": prose(chance, 400),
        "yaml": "\n".join(f"      - name: {prose(chance, 1)}={i}" for i in range(60)),
        "installPath": f"/var/lib/zstack/ai/{uuid}/service.tar.gz",
        "condaVersion": "24.11.1",
        "startCommand": f"python3 -m serve --model /models/{uuid} --port 8000",
        "containerCommand": '["/bin/bash","-c"]',
        "containerArgs": f'["exec python3 -m serve --model /models/{uuid}"]',
        "cpuArchitectures": ["x86_64", "aarch64"],
        "vendorToSpecUuidsMap": {"NVIDIA": [f"{chance.getrandbits(128):032x}"], "Huawei": []},
        "modelServiceRefs": [_model(uuid, chance) for _ in range(chance.randrange(1, 4))],
        "modelServiceImages": [_image(uuid, arch, chance) for arch in ("x86_64", "aarch64")],
        "zoneUuid": f"{chance.getrandbits(2):032x}",
        "lastOpDate": date(chance),
    }


def prose(chance: random.Random, words: int) -> str:
    """So many words, without a meaning."""
    return " ".join(chance.choices(_WORDS, k=words))


def _model(service: str, chance: random.Random) -> dict[str, str]:
    uuid, model = (f"{chance.getrandbits(128):032x}" for _ in range(2))
    return {"uuid": uuid, "modelUuid": model, "modelServiceUuid": service}


def _image(service: str, architecture: str, chance: random.Random) -> dict[str, str]:
    uuid = f"{chance.getrandbits(128):032x}"
    return {
        "uuid": uuid,
        "modelServiceUuid": service,
        "cpuArchitecture": architecture,
        "dockerImage": f"registry.example.com/ai/serve-{architecture}:{uuid[:12]}",
        "createDate": date(chance),
        "lastOpDate": date(chance),
    }


def bytes_each(records: Sequence[bytes]) -> float:
    """The mean length of a record."""
    return sum(map(len, records)) / len(records)
