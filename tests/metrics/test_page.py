"""A page: its families, joined from the blocks of many targets."""

import gzip
import math
from random import Random

import pytest

from exporter.metrics.blocks import Block, Run
from exporter.metrics.lines import Blocks
from exporter.metrics.page import Body, Format, Page

LAB, OTHER, CHANGED = (Block.compressed(text) for text in (b"lab 1\n", b"other 1\n", b"other 2\n"))


HEADERS = {name: Run.of([Block.compressed(f"# {name}\n".encode())]) for name in ("up", "interval")}


def body_of(**targets: Blocks) -> Body:
    body = Body()
    for name, blocks in targets.items():
        body = body.with_target(name, blocks)
    return body


def test_a_bundle_is_joined_anew_only_if_a_block_of_it_is_another_one() -> None:
    before = body_of(
        lab={"up": (LAB,), "interval": (LAB,)}, other={"up": (OTHER,), "interval": (OTHER,)}
    )
    after = before.with_target("other", {"up": (CHANGED,), "interval": (OTHER,)})
    assert after.bundles["interval"] is before.bundles["interval"]
    assert text(after) == b"# up\nlab 1\nother 2\n# interval\nlab 1\nother 1\n"


def test_bundles_that_are_joined_at_once_are_those_of_one_target_after_the_other() -> None:
    targets = {f"t{number}": {"up": (LAB, OTHER)[number % 2 :]} for number in range(100)}
    one_by_one, at_once = body_of(**targets), Body.of(targets)
    assert text(one_by_one) == text(at_once)
    sizes = [len(each.bundles["up"].bundles) for each in (at_once, one_by_one)]
    assert sizes == [7, 7]
    assert one_by_one.places == at_once.places


def test_a_target_without_samples_of_a_family_leaves_the_others() -> None:
    both = body_of(lab={"up": (LAB,)}, other={"up": (OTHER,)})
    assert text(both.with_target("lab", {})) == b"# up\nother 1\n"
    neither = both.with_target("lab", {}).with_target("other", {})
    assert text(neither) == b"", "a family without samples is left out"
    assert text(neither.with_target("lab", {"up": (LAB,)})) == b"# up\nlab 1\n"


def test_small_blocks_side_by_side_are_compressed_together() -> None:
    line = 'zstack_up{target="platform-%04d"} 1.0\n'
    blocks = [Block.compressed((line % number).encode()) for number in range(32)]
    run = Run.of(blocks)
    assert b"".join(run.texts()) == b"".join(block.text() for block in blocks)
    assert sum(map(len, run.pieces)) < run.size / 5


@pytest.mark.parametrize("size", [0, 1, 512, 513])
def test_a_block_has_its_text_whether_it_is_stored_or_compressed(size: int) -> None:
    whole = Random(size).randbytes(size)
    block = Block.compressed(whole[: size // 2], whole[size // 2 :])
    assert block.text() == b"".join(Run.of([block]).texts()) == whole
    page = Page.joined(Format.TEXT, Run.of([LAB, block, block, OTHER]), math.inf)
    assert gzip.decompress(b"".join(page.gzip)) == b"lab 1\n" + whole + whole + b"other 1\n"


def test_small_blocks_of_many_targets_are_few_pieces_and_a_large_one_is_not_copied() -> None:
    large = Block.compressed(Random(1).randbytes(4096))
    small = [Block.compressed(b"zstack_up %d\n" % number) for number in range(1000)]
    run = Run.of([*small, large, *small])
    assert len(run.pieces) == 3
    assert run.pieces[1] is large.deflated
    page = Page.joined(Format.TEXT, run, math.inf)
    assert gzip.decompress(b"".join(page.gzip)) == b"".join(run.texts())
    assert b"".join(run.texts()) == b"".join(block.text() for block in (*small, large, *small))


def text(body: Body) -> bytes:
    return b"".join(Run.joined([*body.runs(HEADERS)]).texts())
