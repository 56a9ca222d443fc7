"""The operations that are held for long are those of the contract that are."""

from math import inf

from crud_service.bootstrap.streams import LONG_CALLS, LONG_POLLS, REPLY_STREAMS, REQUEST_STREAMS, extra_seconds
from crud_service.model.limits import Limits
from tests.unit.api.codec.messages import METHODS


def test_every_stream_of_the_contract_is_known() -> None:
    """An operation with a stream, or that waits, is named by what it is; all others have a place among all calls."""
    assert {method.name for method in METHODS if method.server_streaming} == set(REPLY_STREAMS)
    assert {method.name for method in METHODS if method.client_streaming} == set(REQUEST_STREAMS)
    assert {method.name for method in METHODS if "wait" in method.input_type.fields_by_name} == set(LONG_POLLS)
    assert set(LONG_CALLS) == {*REQUEST_STREAMS, *LONG_POLLS}


def test_streams_have_no_end_and_polls_may_wait() -> None:
    """What a call may wait is the limit that its caller is told."""
    extra = extra_seconds(Limits(wait_seconds=7))
    assert extra == {"WatchRecords": inf, "ExportRecords": inf, "ImportRecords": inf, "ListChanges": 7}
