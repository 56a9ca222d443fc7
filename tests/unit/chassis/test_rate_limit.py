"""So many calls a second for each principal: of all kinds, of one kind, on one collection."""

from typing import Any

import pytest

from crud_service.chassis import rate_limit as module
from crud_service.chassis.rate_limit import RulesOf, by_collection, by_operation, collection_of, rate_limit
from crud_service.chassis.rate_rules import RateRule, read_rate_rules
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason

CLASSES = {"GetRecord": "read", "ListRecords": "list", "CreateRecord": "write", "UpdateRecord": "write"}


class Limited:
    """A handler at 10 calls a second and 3 at once, or at other rates, with a clock that the test turns."""

    def __init__(self, limiters_of: RulesOf | None = None) -> None:
        self.now = 100.0
        self.reasons: set[str] = set()
        limiters_of = limiters_of or by_operation([RateRule("", 10, 3)], CLASSES)
        self.serve = rate_limit(limiters_of, lambda: self.now)(self.handle)

    async def handle(self, call: Call, request: Any) -> str:
        return "served"

    async def served(
        self, calls: int, principal: str = "ann", *, operation: str = "GetRecord", resource: str = ""
    ) -> int:
        """How many of so many calls are served."""
        served = 0
        for _ in range(calls):
            try:
                served += (
                    await self.serve(Call(operation, "http", principal=principal, resource=resource), None) == "served"
                )
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


async def test_a_class_and_an_operation() -> None:
    """A rule on a class bounds its operations together, one on an operation that one alone; others are free."""
    limited = Limited(by_operation(read_rate_rules("write=1/4, CreateRecord=1/2"), CLASSES))
    assert await limited.served(10, operation="CreateRecord") == 2
    assert await limited.served(10, operation="UpdateRecord") == 2
    assert await limited.served(100, operation="GetRecord") == 100
    assert await limited.served(10, "ben", operation="UpdateRecord") == 4


async def test_who_is_refused_pays_nowhere() -> None:
    """A call that one rule refuses takes nothing from the others."""
    limited = Limited(by_operation(read_rate_rules("CreateRecord=1/1,write=1/10"), CLASSES))
    assert await limited.served(100, operation="CreateRecord") == 1
    assert await limited.served(100, operation="UpdateRecord") == 9


async def test_a_collection_and_each_collection() -> None:
    """A collection has the rate that it is given, and each one that of all by itself."""
    limited = Limited(by_collection(read_rate_rules("collections/a=1/2,collections/*=1/5")))
    assert await limited.served(10, resource="collections/a/records/1") == 2
    assert await limited.served(10, resource="collections/a") == 0
    assert await limited.served(10, resource="collections/b/records/1") == 5
    assert await limited.served(10, resource="collections/c") == 5
    assert await limited.served(10, "ben", resource="collections/a") == 2
    for resource in ("", "collections/-", "records/x"):
        assert await limited.served(100, resource=resource) == 100


async def test_the_answer_names_the_rule() -> None:
    """The refusal says which rate it was."""
    limited = Limited(by_collection(read_rate_rules("collections/a=0.5")))
    await limited.served(1, resource="collections/a")
    with pytest.raises(CrudError, match=r"more than 0\.5 calls of collections/a a second") as refused:
        await limited.serve(Call("GetRecord", "http", principal="ann", resource="collections/a"), None)
    assert refused.value.retry_after == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("resource", "collection"),
    [
        ("collections/notes/records/a", "collections/notes"),
        ("collections/notes", "collections/notes"),
        ("collections/-", ""),
        ("collections/-/records/a", ""),
        ("collections/", ""),
        ("errorReports/1", ""),
        ("", ""),
    ],
)
def test_the_collection_of_a_call(resource: str, collection: str) -> None:
    """It is read from the path that the request names."""
    assert collection_of(Call("GetRecord", "http", resource=resource)) == collection


def test_an_unknown_operation() -> None:
    """A rule on an operation that there is not is a mistake that is named."""
    with pytest.raises(ValueError, match="EraseEverything"):
        by_operation(read_rate_rules("EraseEverything=1"), CLASSES)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", []),
        ("write=50/100", [("write", 50, 100)]),
        (" read = 1", None),
        ("read=0.5", [("read", 0.5, 1)]),
        ("read=10, collections/a.b=2/3,", [("read", 10, 20), ("collections/a.b", 2, 3)]),
        ("collections/*=1", [("collections/*", 1, 2)]),
        ("read=1,read=2", None),
        ("read=0", None),
        ("read=1/0", None),
        ("read=-1", None),
        ("read", None),
        ("=1", None),
        ("read=nan", None),
        ("read=1e9", None),
        ("collections/A=1", None),
        ("collections/a/records/b=1", None),
        ("read=1;list=2", None),
    ],
)
def test_rules_are_read(text: str, rules: list[tuple[str, float, int]] | None) -> None:
    """What is no rule, or says the same twice, is refused."""
    if rules is None:
        with pytest.raises(ValueError, match=r"is no rate|has two rates"):
            read_rate_rules(text)
    else:
        assert [(rule.scope, rule.rate, rule.burst) for rule in read_rate_rules(text)] == rules
