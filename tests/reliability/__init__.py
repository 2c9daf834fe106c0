"""The exporter in every kind of trouble: docs/reliability.md tells what was tried."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.trial")
