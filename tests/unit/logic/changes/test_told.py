"""What watches share is bounded, forgets failures, and holds nothing that was erased."""

import asyncio

import pytest

from crud_service.logic.changes import told
from crud_service.logic.changes.told import Told
from crud_service.model import requests
from crud_service.model.errors import CrudError, Kind, Reason


async def given(value):
    return value


class TestTold:
    async def test_is_made_once_for_all_who_ask(self):
        kept, made = Told(), []

        async def make():
            made.append(await given(1))
            return object()

        one, two = await asyncio.gather(kept.get("a", 1, make), kept.get("a", 1, make))
        assert one is two is await kept.get("a", 1, make)
        assert len(made) == 1

    async def test_keeps_so_many_at_most(self, monkeypatch):
        monkeypatch.setattr(told, "_MOST_KEPT", 3)
        kept = Told()
        for number in range(10):
            await kept.get(number, 1, lambda number=number: given(number))
        assert (len(kept), kept.weight) == (3, 3)

    async def test_keeps_no_more_than_its_weight_but_for_a_single_one(self, monkeypatch):
        monkeypatch.setattr(told, "_MOST_WEIGHT", 10)
        kept = Told()
        for number, weight in enumerate((4, 4, 4, 50)):
            assert await kept.get(number, weight, lambda number=number: given(number)) == number
        assert (len(kept), kept.weight) == (1, 50)
        await kept.get("next", 1, lambda: given("next"))
        assert (len(kept), kept.weight) == (1, 1)

    async def test_a_failure_is_tried_again(self):
        kept = Told()

        async def fail():
            raise CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the disk is gone")

        with pytest.raises(CrudError):
            await kept.get("a", 1, fail)
        assert await kept.get("a", 1, lambda: given("back")) == "back"
        assert (len(kept), kept.weight) == (1, 1)


class TestTail:
    async def test_watches_that_ask_for_different_things_share_one_bound(self, service, watch, monkeypatch):
        monkeypatch.setattr(told, "_MOST_KEPT", 5)
        watches = [watch(filter=f"content.n != {number}") for number in range(6)]
        for each in watches:
            await each.next()
        for number in range(10, 14):
            await service.create(f"r{number}", content={"n": number})
        for each in watches:
            assert len(await each.take(4)) == 4
        assert len(service.tail._told) == 5

    async def test_a_failed_read_of_old_states_fails_no_later_watch(self, service, watch, monkeypatch):
        await service.create("a", name="one")
        keeper, first = watch(), watch(include_old=True)
        await keeper.next(), await first.next()
        read = service.store.states_at

        async def fail(*arguments):
            raise CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the disk is gone")

        monkeypatch.setattr(service.store, "states_at", fail)
        await service.update("collections/notes/records/a", name="two")
        with pytest.raises(CrudError):
            await first.next()
        monkeypatch.setattr(service.store, "states_at", read)
        again = watch(include_old=True, resume_token=first.token)
        (change,) = await again.take(1)
        assert (change.old_record.name, change.record.name) == ("one", "two")

    @pytest.mark.parametrize("erase", ["purge", "drop"])
    async def test_what_was_erased_is_not_told_from_memory(self, service, watch, erase):
        keeper = watch(parent="collections/-")
        await keeper.next()
        path = (await service.create("a", name="secret")).path
        await service.create("b", "collections/other", name="kept")
        assert [change.record.name for change in (await keeper.take(4))[1::2]] == ["secret", "kept"]
        if erase == "purge":
            await service.delete(path)
            await service.purge(path)
            await keeper.take(2)
        else:
            await service.do(requests.DeleteCollection("collections/notes", force=True))
            await keeper.take(1)
        again = watch(parent="collections/-", start_revision=1)
        names = [change.record.name for change in await again.take(5) if change.record]
        assert "secret" not in names
        assert "kept" in names
