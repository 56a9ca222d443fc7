"""An acknowledged write survives the loss of power, at whatever moment, and what is left is sound."""

import random
import shutil
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.power_loss.disk import Disk
from tests.e2e.power_loss.judge import Verdict, judge
from tests.e2e.power_loss.recording import Acknowledged, Kind, Recording, record

_IMAGES, _PROOF_IMAGES = 10, 200
_MUTATIONS, _PROOF_MUTATIONS = 1_280, 6_400


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory, proof: bool) -> Path:
    """The library that records, made by the compiler of this machine."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        message = "recording what a process writes needs Linux and a C compiler (cc)"
        if proof:
            pytest.fail(message)
        pytest.skip(message)
    library = tmp_path_factory.mktemp("recorder") / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", library, source], check=True)
    return library


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_power_loss(
    tmp_path: Path, recorder: Path, proof: bool, record_property: Callable[[str, object], None]
) -> None:
    """In every image all acknowledged writes are there, once, the file is whole and its log matches its records."""
    recording = record(recorder, tmp_path, "DEFAULT", _PROOF_MUTATIONS if proof else _MUTATIONS)
    verdicts = await _judged(recording, tmp_path, _PROOF_IMAGES if proof else _IMAGES, random.Random(7))
    assert [verdict for verdict in verdicts if verdict.lost or verdict.corrupt] == []
    record_property("images", len(verdicts))
    print(f"{len(verdicts)} images, {len(recording.acknowledged)} acknowledged states")  # noqa: T201 - the bar is a number to look at


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_power_loss_would_be_seen(
    tmp_path: Path, recorder: Path, proof: bool, record_property: Callable[[str, object], None]
) -> None:
    """With synchronous=NORMAL, which does not wait for the disk, acknowledged writes are missing; the file is whole."""
    recording = record(recorder, tmp_path, "NORMAL", _PROOF_MUTATIONS if proof else _MUTATIONS)
    verdicts = await _judged(recording, tmp_path, _PROOF_IMAGES if proof else _IMAGES, random.Random(7))
    assert any(verdict.lost for verdict in verdicts), "the images lose nothing, so they prove nothing"
    assert [verdict.corrupt for verdict in verdicts if verdict.corrupt] == []
    images, most = sum(bool(verdict.lost) for verdict in verdicts), max(len(verdict.lost) for verdict in verdicts)
    record_property("images with losses", images)
    print(f"{images} of {len(verdicts)} images have losses, of {most} states at most")  # noqa: T201 - as above


async def _judged(recording: Recording, folder: Path, count: int, chosen: random.Random) -> list[Verdict]:
    """Lose the power at so many moments, and look at what is left each time."""
    verdicts = []
    acknowledged = sorted(recording.acknowledged)
    for number, (at, image) in enumerate(_images(recording, folder, count, chosen)):
        known = acknowledged[: bisect_right(acknowledged, at, key=_time)]
        verdicts.append(await judge(image / "crud.db", known))
        shutil.rmtree(image)
        where = f"image {number}, {(at - recording.events[0].begun) / 1e9:.6f} s after the start: "
        verdicts[-1].lost[:1] = [where + each for each in verdicts[-1].lost[:1]]
        verdicts[-1].corrupt[:1] = [where + each for each in verdicts[-1].corrupt[:1]]
    return verdicts


def _images(recording: Recording, folder: Path, count: int, chosen: random.Random) -> Iterator[tuple[int, Path]]:
    """What is left of the folder at so many moments, one after the other."""
    disk, done, events = Disk(recording.folder), 0, recording.events
    for number, at in enumerate(sorted(_moments(recording, count, chosen))):
        while done < len(events) and events[done].ended <= at:
            disk.do(events[done])
            done += 1
        # Of the calls that end later, those that had begun are at the front.
        under_way = [
            event
            for event in events[done : done + 16]
            if event.begun <= at and event.kind in {Kind.WRITE, Kind.TRUNCATE}
        ]
        image = folder / f"image-{number}"
        disk.lose_power(under_way, chosen, image)
        yield at, image


def _moments(recording: Recording, count: int, chosen: random.Random) -> Iterator[int]:
    """Half of them anywhere, half while the log is moved into the data file; none of them between two calls only."""
    disk, moving = Disk(recording.folder), []
    for event in recording.events:
        disk.do(event)
        if event.kind in {Kind.WRITE, Kind.SYNC, Kind.TRUNCATE, Kind.UNLINK} and disk.name(event) == "crud.db":
            moving.append(event)
    assert moving, "the data file is never written to"
    for number in range(count):
        event = chosen.choice(moving if number % 2 else recording.events)
        yield chosen.choice([event.begun, (event.begun + event.ended) // 2, event.ended])


def _time(each: Acknowledged) -> int:
    return each.at
