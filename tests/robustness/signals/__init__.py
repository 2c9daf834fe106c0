"""How the exporter ends, on signals and without: docs/reliability.md lists what was tried."""

import pytest

for module in ("process", "signal_points"):
    pytest.register_assert_rewrite(f"{__name__}.{module}")
