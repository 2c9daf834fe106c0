import pytest

from .programs import MISSING, Programs, installed

_RELEASES = [pytest.param(each, id=each.folder.name) for each in installed()]
_NONE = pytest.param(None, id="missing", marks=pytest.mark.skip(reason=MISSING))


@pytest.fixture(params=_RELEASES or [_NONE])
def programs(request: pytest.FixtureRequest) -> Programs:
    """Each release of Prometheus that is here."""
    release = request.param
    assert isinstance(release, Programs)
    return release
