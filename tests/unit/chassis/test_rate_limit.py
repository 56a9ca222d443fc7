"""So many calls a second for each principal."""

from typing import Any

import pytest

from crud_service.chassis import rate_limit as module
from crud_service.chassis.rate_limit import rate_limit
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason


class Limited:
    """A handler at 10 calls a second and 3 at once, with a clock that the test turns."""

    def __init__(self) -> None:
        self.now = 100.0
        self.reasons: set[str] = set()
        self.serve = rate_limit(10, 3, lambda: self.now)(self.handle)

    async def handle(self, call: Call, request: Any) -> str:
        return "served"

    async def served(self, calls: int, principal: str = "ann") -> int:
        """How many of so many calls are served."""
        served = 0
        for _ in range(calls):
            try:
                served += await self.serve(Call("GetRecord", "http", principal=principal), None) == "served"
            except CrudError as error:
                self.reasons.add(error.reason)
        return served


@pytest.fixture
def limited() -> Limited:
    return Limited()


async def test_a_burst_and_a_rate(limited: Limited) -> None:
    """First a burst, then as many as the rate lets through, and after a pause no more than a burst again."""
    assert await limited.served(10) == 3
    limited.now += 0.125
    assert await limited.served(10) == 1
    limited.now += 3600
    assert await limited.served(10) == 3
    assert limited.reasons == {Reason.RATE_LIMITED}


async def test_nobody_pays_for_another(limited: Limited) -> None:
    """Each principal has a bucket of its own."""
    assert await limited.served(100) == 3
    assert await limited.served(2, "ben") == 2


async def test_the_answer(limited: Limited) -> None:
    """The refusal says when the next call may come, and then it may."""
    await limited.served(3)
    with pytest.raises(CrudError) as refused:
        await limited.serve(Call("GetRecord", "http", principal="ann"), None)
    assert (refused.value.kind, refused.value.reason) == (Kind.RESOURCE_EXHAUSTED, Reason.RATE_LIMITED)
    assert refused.value.retry_after == pytest.approx(0.1)
    limited.now += refused.value.retry_after + 0.001
    assert await limited.served(1) == 1


async def test_buckets_are_bounded(limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many principals take no more memory than some; who is at the limit now is not forgotten for those long gone."""
    monkeypatch.setattr(module, "_MOST_BUCKETS", 4)
    for name in ("p1", "p2", "p3"):
        await limited.served(1, name)
    limited.now += 3600
    assert await limited.served(10) == 3
    assert await limited.served(1, "p4") == 1
    assert await limited.served(1) == 0
    for number in range(20):
        assert await limited.served(1, f"q{number}") == 1
