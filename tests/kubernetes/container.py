"""A folder that stands for the root of the exporter's container, with what is mounted in it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import trustme

from .objects import Objects

PLACE: Final = "/etc/zstack-aios-exporter"

_OF_SECRETS: Final[Mapping[str, str]] = {
    "web.yaml": "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n",
    "tls.crt": "",
    "tls.key": "",
}
"""What a Secret that is made by hand may be expected to hold, beside what the settings name."""


def lay_out(objects: Objects, root: Path) -> None:
    """Write every file that the container sees, as if `root` were its root.

    Secrets that are not among the objects hold what the settings name.
    """
    for path, volume in objects.mounts():
        if "claim" in volume:
            (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    certificate = authority.issue_cert("zstack-aios-exporter")
    bundle = certificate.private_key_and_cert_chain_pem.bytes().decode()
    for path, content in {**_given(objects), **objects.files()}.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        is_pem = file.suffix in {".pem", ".crt", ".key"}
        file.write_text(bundle if is_pem else moved(content, root))
        file.chmod(0o640)  # as fsGroup leaves it


def moved(text: str, root: Path) -> str:
    """The text with paths in the container made paths below `root`."""
    return re.sub(r"(?<=[\s=\"'])/(?=etc/|run/|var/)|^/(?=etc/|run/|var/)", f"{root}/", text)


def _given(objects: Objects) -> Mapping[str, str]:
    files = objects.files()
    made: dict[str, str] = {}
    for path, volume in objects.mounts():
        if "secret" not in volume or any(file.startswith(f"{path}/") for file in files):
            continue
        made |= {f"{path}/{name}": content for name, content in _OF_SECRETS.items()}
        for content in files.values():
            made |= dict.fromkeys(re.findall(rf"{re.escape(path)}/[\w.-]+", content), "secret")
    return made
