"""How the exporter ends, told to or not: docs/reliability.md says what was tried."""

import pytest

for module in ("life", "moments"):
    pytest.register_assert_rewrite(f"{__name__}.{module}")
