"""What the documents give to copy."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    """Its code blocks in this language, in their order."""
    text = (ROOT / page).read_text("utf-8")
    return [dedent(block) for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)]


def scrape_configs(page: str) -> list[str]:
    """Its examples of what Prometheus is configured with."""
    return [block for block in blocks(page, "yaml") if "scrape_configs:" in block]
