"""What the exporter runs with may be given away with it."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "licences.md"
RUN = Path(__file__).parents[2] / "requirements" / "run.txt"
COMPATIBLE = {
    "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "BSD License", "PSF-2.0", "MPL-2.0",
}  # fmt: skip
ROW = re.compile(r"^\| ([\w.-]+) \| (.+) \|$", re.MULTILINE)


def test_every_package_has_a_licence_that_suits_ours() -> None:
    listed = dict(ROW.findall(PAGE.read_text("utf-8"))[1:])
    pinned = re.findall(r"^([\w.-]+)==", RUN.read_text("utf-8"), re.MULTILINE)
    assert list(listed) == pinned
    for package, licence in listed.items():
        assert set(re.split(r" AND | OR ", licence)) <= COMPATIBLE, package
