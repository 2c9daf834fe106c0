import pytest

from . import victoriametrics as victoria
from .programs import MISSING, Programs, installed

_RELEASES = [pytest.param(each, id=each.folder.name) for each in installed()]
_NONE = pytest.param(None, id="missing", marks=pytest.mark.skip(reason=MISSING))


@pytest.fixture(params=_RELEASES or [_NONE])
def programs(request: pytest.FixtureRequest) -> Programs:
    """Each release of Prometheus that is here."""
    release = request.param
    assert isinstance(release, Programs)
    return release


_AGENTS = [pytest.param(each, id=each.folder.name) for each in victoria.installed()]
_NO_AGENT = pytest.param(None, id="missing", marks=pytest.mark.skip(reason=victoria.MISSING))


@pytest.fixture(params=_AGENTS or [_NO_AGENT])
def victoriametrics(request: pytest.FixtureRequest) -> victoria.VictoriaMetrics:
    """Each release of vmagent and VictoriaMetrics that is here."""
    release = request.param
    assert isinstance(release, victoria.VictoriaMetrics)
    return release
