"""A store is sound at every step of a compaction."""

from crud_service.commands import trust
from crud_service.library.sqlite import SqliteStore
from crud_service.model import requests
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.record import CollectionKey
from tests.integration.store.test_trust import ALWAYS, differences
from tests.unit.logic.conftest import Service


async def test_a_deleted_collection_whose_history_is_half_gone_is_sound(data_file):
    """It goes in several steps, and a node may be looked at, or killed, between any two of them."""
    store = SqliteStore(data_file)
    await store.open()
    service = Service(store)
    for name in "abc":
        await service.create(name)
    for name in "abc":
        await service.update(f"collections/notes/records/{name}", name=name)
    await service.do(requests.DeleteCollection("collections/notes", force=True))
    await service.create("again")
    more, rule = True, HistoryRule(ALWAYS, 0, ALWAYS)
    steps = 0
    while more:
        more = (await store.compact_log(CollectionKey("", "notes"), rule, 2)).more
        steps += 1
        assert differences(data_file) == []
    assert steps > 2
    await store.close()
    trust.rebuild(data_file)
    assert differences(data_file) == []
