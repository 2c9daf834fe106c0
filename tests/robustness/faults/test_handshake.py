"""A platform that speaks TLS, and every way in which a handshake fails."""

import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from typing_extensions import override

from exporter.simulator import Cloud, serving
from tests.support.sample import IS_SMALL

from .expected import HANDSHAKES
from .handshake import RECOGNISED, Handshake, opened
from .scenario import Scenario, run_all
from .situations import SERVICES, Identity, Situation, grouped, joined_names, situations
from .variants import constructors

WAYS = constructors(Handshake)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_every_handshake_has_an_expected_outcome() -> None:
    assert WAYS.keys() == HANDSHAKES.keys()


@dataclass(frozen=True)
class Kind:
    """A failing handshake, with one kind of credentials: both at once are too many handshakes."""

    name: str
    identity: Identity

    @override
    def __str__(self) -> str:
        return f"{self.name}, {self.identity.value}"

    @property
    def situations(self) -> Sequence[Situation]:
        mine = situations(list(WAYS).index(self.name))
        recognised = (situation for situation in mine if situation.phase in RECOGNISED)
        return [situation for situation in recognised if situation.identity is self.identity]


SILENT = {"silence", "stall"} if IS_SMALL else set()
"""Left out of the small sample: they hold each connection for a quarter of the poll's time."""

KINDS = [Kind(name, identity) for name in WAYS if name not in SILENT for identity in Identity]


@pytest.mark.parametrize("kinds", grouped(KINDS, in_part=6), ids=joined_names)
async def test_a_failing_handshake_is_reported_with_its_reason_and_the_exporter_recovers(
    kinds: Sequence[Kind], tmp_path: Path, authority: trustme.CA, tls: ssl.SSLContext
) -> None:
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    cells = [(kind.name, situation) for kind in kinds for situation in kind.situations]
    async with AsyncExitStack() as stack:
        scenarios = {}
        for number, (kind, situation) in enumerate(cells):
            cloud = Cloud(services=SERVICES)
            platform = await stack.enter_async_context(serving(cloud))
            proxy = await stack.enter_async_context(opened(platform, situation, WAYS[kind](), tls))
            secret = tmp_path / f"secret{number}"
            row = HANDSHAKES[kind]
            scenarios[proxy.url] = Scenario(
                f"t{number}", kind, situation, row, proxy, cloud, secret, trusted
            )
        wrong = await run_all(scenarios)
    assert not wrong, wrong
