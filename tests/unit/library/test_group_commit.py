"""Group commit: who is grouped with whom, and who hears of which failure."""

import asyncio
import threading

import pytest

from crud_service.library.group_commit import GroupCommit
from crud_service.model.change import Committed
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.testing.mutations import create, mutation, record


class Disk:
    """A writer that records its groups, and waits for leave before the first one."""

    def __init__(self, fail=lambda group: None, held=True):
        self.groups = []
        self.threads = set()
        self.revision = 0
        self.told = []
        self._fail = fail
        self._leave = threading.Event()
        self.busy = threading.Event()
        if not held:
            self._leave.set()

    def write(self, mutations):
        self.busy.set()
        assert self._leave.wait(10)
        self.threads.add(threading.current_thread())
        self.groups.append([each.writes[0].record.id for each in mutations])
        failure = self._fail(mutations)
        if failure is not None:
            raise failure
        start = self.revision + 1
        self.revision += len(mutations)
        return [Committed(revision, ()) for revision in range(start, self.revision + 1)]

    def let_go(self):
        self._leave.set()

    async def hold_first(self, commits):
        """Commit `first` and wait until the writer has it, so that what follows gathers."""
        task = asyncio.ensure_future(commits.commit(one("first")))
        await asyncio.to_thread(self.busy.wait, 10)
        return task


def one(name, content="{}"):
    return mutation(create(record(name, content=content)))


async def a_group_of_three(disk, commits):
    """Have `first` written, then three together."""
    first = await disk.hold_first(commits)
    others = [asyncio.ensure_future(commits.commit(one(f"r{number}"))) for number in range(3)]
    await asyncio.sleep(0)
    disk.let_go()
    await asyncio.gather(first, *others)


def names(mutations):
    return [each.writes[0].record.id for each in mutations]


async def test_waiting_mutations_share_a_group():
    """What comes while a group is written is the next group; all is written by one thread."""
    disk = Disk()
    commits = GroupCommit(disk.write, disk.told.append)
    first = await disk.hold_first(commits)
    others = [asyncio.ensure_future(commits.commit(one(f"r{number}"))) for number in range(5)]
    await asyncio.sleep(0)
    disk.let_go()
    assert [each.revision for each in await asyncio.gather(first, *others)] == [1, 2, 3, 4, 5, 6]
    assert disk.groups == [["first"], ["r0", "r1", "r2", "r3", "r4"]]
    assert disk.told == [1, 6]
    assert len(disk.threads) == 1
    await commits.close()


@pytest.mark.parametrize(
    ("bounds", "groups"),
    [
        ({"max_mutations": 2}, [["r0", "r1"], ["r2", "r3"], ["r4"]]),
        ({"max_writes": 3}, [["r0", "r1", "r2"], ["r3", "r4"]]),
        ({"max_bytes": 2_500}, [["r0", "r1"], ["r2", "r3"], ["r4"]]),
        ({"max_bytes": 1}, [["r0"], ["r1"], ["r2"], ["r3"], ["r4"]]),
    ],
)
async def test_bounds(bounds, groups):
    """A group ends at the bound of mutations, writes or bytes; a mutation past a bound is a group of its own."""
    disk = Disk()
    commits = GroupCommit(disk.write, disk.told.append, **bounds)
    first = await disk.hold_first(commits)
    others = [asyncio.ensure_future(commits.commit(one(f"r{number}", "x" * 1_000))) for number in range(5)]
    await asyncio.sleep(0)
    disk.let_go()
    await asyncio.gather(first, *others)
    assert disk.groups == [["first"], *groups]
    await commits.close()


async def test_a_group_gathers_as_many_as_the_last_one():
    """After a group of several the next one waits for as many, instead of starting with the first that comes."""
    disk = Disk()
    commits = GroupCommit(disk.write, disk.told.append)
    await a_group_of_three(disk, commits)
    await asyncio.gather(*(commits.commit(one(f"s{number}")) for number in range(3)))
    assert disk.groups == [["first"], ["r0", "r1", "r2"], ["s0", "s1", "s2"]]
    await commits.close()


async def test_a_group_does_not_wait_for_those_that_do_not_come():
    """Fewer than last time are written all the same, and from then on a lone writer is not kept waiting."""
    disk = Disk()
    commits = GroupCommit(disk.write, disk.told.append)
    await a_group_of_three(disk, commits)
    await commits.commit(one("alone"))
    await commits.commit(one("again"))
    assert disk.groups[2:] == [["alone"], ["again"]]
    await commits.close()


async def test_writing_is_told_from_the_start_of_a_group_to_its_end():
    """Reads may share a transaction only while nothing is written: they hear when that begins and when it ends."""
    told = []
    disk = Disk(held=False)
    write = lambda mutations: [told.append("written"), disk.write(mutations)][1]  # noqa: E731
    commits = GroupCommit(write, told.append, told.append)
    await commits.commit(one("a"))
    assert told == [True, "written", 1, False]
    await commits.close()


async def test_failing_mutation_is_found_alone():
    """When a group fails each of its mutations is tried alone, so only the one that fails hears of it."""
    broken = ValueError("r2 breaks it")
    disk = Disk(lambda mutations: broken if "r2" in names(mutations) else None)
    commits = GroupCommit(disk.write, disk.told.append)
    first = await disk.hold_first(commits)
    others = [asyncio.ensure_future(commits.commit(one(f"r{number}"))) for number in range(4)]
    await asyncio.sleep(0)
    disk.let_go()
    outcomes = await asyncio.gather(first, *others, return_exceptions=True)
    assert outcomes[3] is broken
    assert [each.revision for each in outcomes if isinstance(each, Committed)] == [1, 2, 3, 4]
    assert disk.groups[2:] == [["r0"], ["r1"], ["r2"], ["r3"]]
    await commits.close()


async def test_unavailable_store_is_tried_once():
    """When the store cannot be used at all, all of a group hear of it after one try, each by an error of its own."""
    cause = OSError("gone")

    def fail(mutations):
        if "first" in names(mutations):
            return None
        failure = CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "try again")
        failure.__cause__ = cause
        return failure

    disk = Disk(fail)
    commits = GroupCommit(disk.write, disk.told.append)
    first = await disk.hold_first(commits)
    others = [asyncio.ensure_future(commits.commit(one(f"r{number}"))) for number in range(3)]
    await asyncio.sleep(0)
    disk.let_go()
    outcomes = await asyncio.gather(*others, return_exceptions=True)
    assert [(each.kind, each.reason, each.__cause__) for each in outcomes] == [
        (Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, cause)
    ] * 3
    assert len({id(each) for each in outcomes}) == 3
    assert disk.groups == [["first"], ["r0", "r1", "r2"]]
    assert (await first).revision == 1
    await commits.close()


async def test_cancelled_caller():
    """A caller that stops waiting is written all the same, and its neighbours get their outcomes."""
    disk = Disk()
    commits = GroupCommit(disk.write, disk.told.append)
    first = await disk.hold_first(commits)
    others = [asyncio.ensure_future(commits.commit(one(f"r{number}"))) for number in range(3)]
    await asyncio.sleep(0)
    others[1].cancel()
    disk.let_go()
    outcomes = await asyncio.gather(first, *others, return_exceptions=True)
    assert isinstance(outcomes[2], asyncio.CancelledError)
    assert [outcomes[index].revision for index in (0, 1, 3)] == [1, 2, 4]
    await commits.close()


async def test_close_finishes():
    """Closing writes what was accepted, ends the thread and refuses what comes later."""
    disk = Disk()
    commits = GroupCommit(disk.write, disk.told.append)
    first = await disk.hold_first(commits)
    others = [asyncio.ensure_future(commits.commit(one(f"r{number}"))) for number in range(3)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(commits.close())
    await asyncio.sleep(0)
    with pytest.raises(CrudError) as refused:
        await commits.commit(one("late"))
    assert refused.value.reason is Reason.SHUTTING_DOWN
    disk.let_go()
    await closing
    assert [each.result().revision for each in (first, *others)] == [1, 2, 3, 4]
    assert not any(thread.is_alive() for thread in disk.threads)
    await commits.close()


async def test_readers_are_told_before_callers():
    """By the time a caller goes on, those who follow the log have been told of its revision."""
    disk = Disk(held=False)
    commits = GroupCommit(disk.write, disk.told.append)
    committed = await commits.commit(one("r1"))
    assert disk.told == [committed.revision]
    await commits.close()


async def test_other_work_goes_between_groups():
    """Work runs in the writer's own thread, before the next group, and its caller gets what it returns."""
    disk = Disk()
    commits = GroupCommit(disk.write, disk.told.append)
    first = await disk.hold_first(commits)
    waiting = asyncio.ensure_future(commits.commit(one("r1")))
    work = asyncio.ensure_future(commits.run(lambda: (threading.current_thread(), list(disk.groups))))
    await asyncio.sleep(0)
    disk.let_go()
    thread, groups = await work
    await asyncio.gather(first, waiting)
    assert (groups, disk.groups) == ([["first"]], [["first"], ["r1"]])
    assert disk.threads == {thread}
    await commits.close()


async def test_work_that_fails():
    """What work raises is for its caller alone, and the thread goes on."""
    disk = Disk(held=False)
    commits = GroupCommit(disk.write, disk.told.append)
    with pytest.raises(ZeroDivisionError):
        await commits.run(lambda: 1 // 0)
    assert (await commits.commit(one("r1"))).revision == 1
    await commits.close()


async def test_work_does_not_keep_mutations_waiting():
    """One piece of work after the other lets the mutations that gather go in between, however few they are."""
    disk = Disk()
    commits = GroupCommit(disk.write, disk.told.append)
    await a_group_of_three(disk, commits)
    commit = asyncio.ensure_future(commits.commit(one("alone")))
    for _ in range(3):
        await commits.run(lambda: None)
    assert commit.done()
    await commits.close()


async def test_readers_are_told_of_work():
    """Work counts as writing: who shares a transaction hears of its begin and its end."""
    told = []
    disk = Disk(held=False)
    commits = GroupCommit(disk.write, told.append, told.append)
    await commits.run(lambda: told.append("worked"))
    assert told == [True, "worked", False]
    await commits.close()


async def test_close_finishes_work():
    """Work that was accepted is done before the thread ends, even if its caller left; later work is refused."""
    done = []
    disk = Disk()
    commits = GroupCommit(disk.write, disk.told.append)
    first = await disk.hold_first(commits)
    left, stays = (
        asyncio.ensure_future(commits.run(lambda name=name: done.append(name))) for name in ("left", "stays")
    )
    await asyncio.sleep(0)
    left.cancel()
    closing = asyncio.ensure_future(commits.close())
    await asyncio.sleep(0)
    with pytest.raises(CrudError) as refused:
        await commits.run(lambda: done.append("late"))
    assert refused.value.reason is Reason.SHUTTING_DOWN
    disk.let_go()
    await asyncio.gather(closing, first, stays)
    assert done == ["left", "stays"]
