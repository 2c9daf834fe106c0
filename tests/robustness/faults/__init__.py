"""The exporter under every kind of fault: docs/reliability.md lists what was tried."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.scenario")
