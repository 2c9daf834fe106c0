"""A platform that speaks TLS, and every way in which it may not come to that."""

import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from typing_extensions import override

from exporter.simulator import Cloud, serving

from .expected import HANDSHAKES
from .handshake import TOLD_APART, Handshake, opened
from .kinds import constructors
from .places import SERVICES, Identity, Place, named, places, together
from .trial import Trial, tried

WAYS = constructors(Handshake)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_what_is_right_is_known_of_every_handshake_that_there_is() -> None:
    assert WAYS.keys() == HANDSHAKES.keys()


@dataclass(frozen=True)
class Kind:
    """A spoilt handshake, for one kind of credentials: both at once are too many handshakes."""

    name: str
    identity: Identity

    @override
    def __str__(self) -> str:
        return f"{self.name}, {self.identity.value}"

    @property
    def places(self) -> Sequence[Place]:
        mine = places(list(WAYS).index(self.name))
        told_apart = (place for place in mine if place.phase in TOLD_APART)
        return [place for place in told_apart if place.identity is self.identity]


KINDS = [Kind(name, identity) for name in WAYS for identity in Identity]


@pytest.mark.parametrize("kinds", together(KINDS, in_part=6), ids=named)
async def test_a_spoilt_handshake_is_told_rightly_and_got_over(
    kinds: Sequence[Kind], tmp_path: Path, authority: trustme.CA, tls: ssl.SSLContext
) -> None:
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    cells = [(kind.name, place) for kind in kinds for place in kind.places]
    async with AsyncExitStack() as stack:
        trials = {}
        for number, (kind, place) in enumerate(cells):
            cloud = Cloud(services=SERVICES)
            platform = await stack.enter_async_context(serving(cloud))
            door = await stack.enter_async_context(opened(platform, place, WAYS[kind](), tls))
            secret = tmp_path / f"secret{number}"
            row = HANDSHAKES[kind]
            trials[door.url] = Trial(f"t{number}", kind, place, row, door, cloud, secret, trusted)
        wrong = await tried(trials)
    assert not wrong, wrong
