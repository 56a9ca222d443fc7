"""A node that is asked for ten times what it can do: open loop, HTTP, a store that takes 50 ms longer for each call.

Usage: .venv/bin/python benchmarks/overload.py [SECONDS [ROUNDS]]    of overload, 10, and 1 round unless told

Useful throughput against capacity, how soon calls are refused, memory, liveness, and how soon all is normal again. Then
a noisy and a quiet caller. Those share an `Admission` in this process: all callers of a node are one principal until
there is authentication. Nothing is written down.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "run")]

from clients import http_call  # noqa: E402 - the path comes first
from open_loop import Answered, Client, Load  # noqa: E402
from process import Process  # noqa: E402
from systems import Node, start_service  # noqa: E402

from crud_service.chassis.admission import Admission, AdmissionLimits  # noqa: E402
from crud_service.model.call import Call  # noqa: E402
from crud_service.model.errors import CrudError  # noqa: E402

STORE = 0.05
PLACES, LEAST = 16, 4
CAPACITY = PLACES / STORE
"""Calls a second, if a call took nothing but what is added to the store: more than a node can do."""
TIMES, NORMAL = 10, 0.25
CONNECTIONS = 400
"""Open when the overload begins, which else would begin with a storm of new ones; more are opened as needed."""
WAIT = AdmissionLimits().wait_seconds
RECORD = "/v1/collections/notes/records"
OK, REFUSED = 200, 503


async def main(seconds: float, rounds: int) -> None:
    """Round after round, each with a node of its own."""
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            node = start_slow(Path(name))
            with node.process:
                await overload(node, seconds)
        await neighbours(seconds)


def start_slow(folder: Path) -> Node:
    """A node whose store is slow, with as many places as the capacity says; all other limits are the defaults."""
    settings = {"CRUD_ADMISSION_EXECUTING": str(PLACES), "CRUD_ADMISSION_EXECUTING_MIN": str(LEAST)}
    return start_service(folder, program=ROOT / "benchmarks" / "peers" / "slow_node.py", settings=settings)


async def overload(node: Node, seconds: float) -> None:
    """Normal load, ten times too much, normal load again."""
    http_call(node.http, "POST", f"{RECORD}?recordId=a", b'{"name": "a"}')
    client, health = Client(node.http, f"{RECORD}/a"), Client(node.http, "/healthz")
    try:
        await health.connect(1)
        await client.run(NORMAL * CAPACITY, 1)
        before = await client.run(NORMAL * CAPACITY, 3)
        resident, _ = node.process.memory()
        await client.connect(CONNECTIONS)
        alive = asyncio.create_task(health.run(20, seconds))
        load, most = await with_memory(node.process, client.run(TIMES * CAPACITY, seconds))
        end = time.monotonic()
        after = await client.run(NORMAL * CAPACITY, 6)
        tell_load(load, seconds)
        tell_alive(await alive)
        print(f"resident: {resident:.0f} MB before, {most:.0f} MB at most: {most / resident:.2f} (promised: <= 1.5)")
        tell_recovery(before, after, end)
    finally:
        client.close()
        health.close()


async def with_memory(process: Process, load: "asyncio.Future[Load]") -> tuple[Load, float]:
    """What came of a load, and the most memory that was resident meanwhile."""
    task, most = asyncio.ensure_future(load), 0.0
    while not task.done():
        most = max(most, process.memory()[0])
        await asyncio.wait([task], timeout=0.1)
    return task.result(), most


def tell_load(load: Load, seconds: float) -> None:
    """Throughput and refusals."""
    useful, refused = load.of(OK), load.of(REFUSED)
    rate = len(useful) / (seconds + STORE + WAIT)
    print(
        f"sent {load.sent / seconds:,.0f} calls/s, {load.sent / seconds / CAPACITY:.1f} times the capacity of "
        f"{CAPACITY:,.0f}; useful {rate:,.0f}/s: {rate / CAPACITY:.0%} (promised: >= 80 %); "
        f"unanswered {load.sent - len(load.answers)}, other answers {len(load.answers) - len(useful) - len(refused)}; "
        f"the client was up to {load.late * 1e3:.0f} ms late"
    )
    # One that was refused at once has an answer long before one that was refused when it had waited.
    at_once = [each for each in refused if each.seconds < WAIT / 2]
    waited = [each for each in refused if each.seconds >= WAIT / 2]
    print(f"useful            {times(useful)}")
    print(f"refused at once   {times(at_once)} (promised: <= 50 ms)")
    print(f"refused later     {times(waited)} (promised: <= 300 ms)")
    print(f"refusals without Retry-After: {sum(b'retry-after' not in each.head.lower() for each in refused)}")


def tell_alive(alive: Load) -> None:
    """Liveness, asked all the while."""
    failed = alive.sent - len(alive.of(OK))
    print(f"liveness: {alive.sent} questions, {failed} failed, {times(alive.answers)} (promised: <= 1000 ms)")


def tell_recovery(before: Load, after: Load, end: float) -> None:
    """How long after the load the last call was not normal: refused, or twice as slow as the median before."""
    usual = statistics.median(each.seconds for each in before.answers)
    odd = [each.due - end for each in after.answers if each.status != OK or each.seconds > 2 * usual]
    lost = after.sent - len(after.answers)
    print(f"before            {times(before.answers)}")
    print(
        f"after             {times(after.answers)}; {len(odd)} not normal, the last {max(odd, default=0):.2f} s after"
    )
    print(f"                  the load (promised: <= 5 s); {lost} unanswered")


async def neighbours(seconds: float) -> None:
    """A quiet caller alone, then beside one that asks for ten times what there is."""
    alone = await principals({"quiet": 0.05}, seconds)
    beside = await principals({"quiet": 0.05, "noisy": TIMES}, seconds)
    p99_alone, p99_beside = (statistics.quantiles(each["quiet"], n=100)[98] for each in (alone, beside))
    refused = sum(each == float("inf") for each in beside["quiet"])
    print(
        f"quiet caller in process: p99 {p99_alone * 1e3:.1f} ms alone, {p99_beside * 1e3:.1f} ms beside a noisy one: "
        f"{p99_beside / p99_alone:.2f} (promised: <= 2); {refused} of its {len(beside['quiet'])} calls refused"
    )


async def principals(shares: dict[str, float], seconds: float) -> dict[str, list[float]]:
    """The latencies of callers with these shares of the capacity; a refused call has an infinite one."""
    admission = Admission(AdmissionLimits(executing=PLACES, executing_min=LEAST))
    latencies: dict[str, list[float]] = {name: [] for name in shares}

    async def handler(_call: Call, _request: object) -> None:
        await asyncio.sleep(STORE)

    serve = admission(handler)

    async def call(principal: str, due: float) -> None:
        try:
            await serve(Call("GetRecord", "http", principal=principal), None)
            latencies[principal].append(time.monotonic() - due)
        except CrudError:
            latencies[principal].append(float("inf"))

    async def caller(principal: str, rate: float) -> None:
        start = time.monotonic()
        for number in range(int(rate * seconds)):
            due = start + number / rate
            if due > time.monotonic():
                await asyncio.sleep(due - time.monotonic())
            calls.create_task(call(principal, due))

    async with asyncio.TaskGroup() as calls:
        for principal, share in shares.items():
            calls.create_task(caller(principal, share * CAPACITY))
    return latencies


def times(answers: Sequence[Answered]) -> str:
    """How long they took."""
    if len(answers) < 2:
        return f"{len(answers):6} calls"
    cuts = statistics.quantiles([each.seconds * 1e3 for each in answers], n=100)
    most = max(each.seconds for each in answers) * 1e3
    return f"{len(answers):6} calls, p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, longest {most:.1f} ms"


if __name__ == "__main__":
    given = [float(argument) for argument in sys.argv[1:]]
    uvloop.run(main(given[0] if given else 10, int(given[1]) if given[1:] else 1))
