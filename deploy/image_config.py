"""Take out of an image's configuration what differs from build to build of the same sources.

Docker's format has the id and the host name of the container in which the last layer was made.

  python -m deploy.image_config FOLDER   an image in the format `dir:` of podman, skopeo and buildah
"""

import json
import sys
from hashlib import sha256
from pathlib import Path


def main(folder: Path) -> None:
    """Rewrite the configuration, and the manifest that names it by its hash."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    described = manifest["config"]
    file = folder / described["digest"].removeprefix("sha256:")
    config = json.loads(file.read_text("utf-8"))
    config.pop("container", None)
    for part in ("config", "container_config"):
        config.get(part, {}).pop("Hostname", None)
    content = json.dumps(config, separators=(",", ":")).encode()
    file.unlink()
    described |= {"digest": f"sha256:{sha256(content).hexdigest()}", "size": len(content)}
    (folder / described["digest"].removeprefix("sha256:")).write_bytes(content)
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
