"""What headers add to a request: preconditions, an idempotency key, and what kind of body it has."""

from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from crud_service.api.http_headers import join_headers, read_preconditions
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.record import Record
from crud_service.model.timestamp import parse
from tests.unit.api.asgi import Asgi

TIME = parse("2026-01-31T12:00:00Z")
RECORD = Record("c", "r", "n", TIME, "{}", (), 7, 1, TIME, TIME)
PATH = "/v1/collections/c/records/r"


def answering(reply: Any = RECORD) -> Asgi:
    return Asgi(lambda call, request: reply)


def refusing(kind: Kind, reason: Reason) -> Asgi:
    def refuse(call: Call, request: Any) -> NoReturn:
        raise CrudError(kind, reason, "refused")

    return Asgi(refuse)


@pytest.mark.parametrize(
    ("value", "etags"),
    [
        ("*", ("*",)),
        (' "7-c" ', ('"7-c"',)),
        ('"a", "b"', ('"a"', '"b"')),
        ('"a,b" ,"c"', ('"a,b"', '"c"')),
        (', "a",, "b" ,', ('"a"', '"b"')),
        ('W/"a", "b"', ('W/"a"', '"b"')),
        ('""', ('""',)),
    ],
)
@pytest.mark.parametrize("header", ["if-match", "if-none-match"])
async def test_etags_reach_the_call_as_they_were_sent(header: str, value: str, etags: tuple[str, ...]) -> None:
    """A list of etags, weak ones as such, or the star."""
    asgi = answering()
    assert (await asgi.send("DELETE", PATH, headers={header: value})).status == 200
    found = {"if-match": asgi.call.if_match, "if-none-match": asgi.call.if_none_match}
    assert found.pop(header) == etags
    assert list(found.values()) == [()]


@pytest.mark.parametrize(
    "value", ["", "abc", '"a', 'a"', '"a" "b"', '"a""b"', '*, "a"', '"a", *', 'w/"a"', ",", '"a\t"', '"']
)
@pytest.mark.parametrize("header", ["if-match", "if-none-match"])
async def test_a_precondition_that_is_no_list_of_etags_is_refused(header: str, value: str) -> None:
    """Nothing is guessed: the write does not happen."""
    asgi = answering()
    answer = await asgi.send("DELETE", PATH, headers={header: value})
    assert (answer.status, answer.reason) == (400, "INVALID_PRECONDITION")
    assert asgi.call is None


async def test_a_header_may_be_on_several_lines() -> None:
    """Lines of one name are one list."""
    asgi = answering()
    await asgi.send("DELETE", PATH, headers=[("if-match", '"a"'), ("if-match", '"b"')])
    assert asgi.call.if_match == ('"a"', '"b"')


@given(st.lists(st.from_regex(rb'\A(W/)?"[!#-~]{0,4}"\Z'), min_size=1), st.sampled_from([b",", b" , ", b",,"]))
def test_any_list_of_etags_is_read(tags: list[bytes], comma: bytes) -> None:
    """Commas within an etag do not part it."""
    call = Call("GetRecord", "http")
    read_preconditions(call, {b"if-match": comma.join(tags)})
    assert call.if_match == tuple(tag.decode() for tag in tags)


@given(st.binary(max_size=30))
def test_any_bytes_are_etags_or_a_refusal(value: bytes) -> None:
    """What is accepted consists of etags, and nothing else."""
    call = Call("GetRecord", "http")
    try:
        read_preconditions(call, {b"if-none-match": value})
    except CrudError as error:
        refused = error.reason is Reason.INVALID_PRECONDITION
    else:
        refused = False
        assert call.if_none_match
        assert all(etag == "*" or etag.endswith('"') for etag in call.if_none_match)
    assert refused or call.if_none_match


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
@pytest.mark.parametrize("value", [RECORD.etag, f"W/{RECORD.etag}", "*", f'"other", {RECORD.etag}'])
async def test_a_read_of_what_the_caller_has_is_304(verb: str, value: str) -> None:
    """The answer has the etag and no body; compared weakly."""
    answer = await answering().send(verb, PATH, headers={"if-none-match": value})
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers.pop("etag") == RECORD.etag
    assert answer.headers.keys() == {"x-call-id", "x-trace-id"}


async def test_a_read_of_another_state_is_answered() -> None:
    """An etag that is not the current one changes nothing."""
    answer = await answering().send("GET", PATH, headers={"if-none-match": '"7-other"'})
    assert (answer.status, answer.json["id"]) == (200, "r")


async def test_a_reply_without_an_etag_is_never_unchanged() -> None:
    """A list has no state of its own."""
    asgi = answering(requests.ListRecordsReply((RECORD,)))
    assert (await asgi.send("GET", "/v1/collections/c/records", headers={"if-none-match": "*"})).status == 200


async def test_a_write_is_never_304() -> None:
    """If-None-Match of a write is for logic."""
    assert (await answering().send("DELETE", PATH, headers={"if-none-match": RECORD.etag})).status == 200


@pytest.mark.parametrize(("value", "status"), [(RECORD.etag, 200), ("*", 200), ('"x"', 412), (f"W/{RECORD.etag}", 412)])
async def test_a_read_may_ask_for_one_state(value: str, status: int) -> None:
    """If-Match on a read is compared strongly; the refusal tells the current etag."""
    answer = await answering().send("GET", PATH, headers={"if-match": value})
    assert answer.status == status
    if status == 412:
        assert answer.reason == "ETAG_MISMATCH"
        assert answer.json["error"]["details"][0]["metadata"]["etag"] == RECORD.etag


@pytest.mark.parametrize(
    ("kind", "reason", "headers", "status"),
    [
        (Kind.ABORTED, Reason.ETAG_MISMATCH, {"if-match": '"a"'}, 412),
        (Kind.ABORTED, Reason.ETAG_MISMATCH, {"if-none-match": '"a"'}, 412),
        (Kind.ABORTED, Reason.ETAG_MISMATCH, {}, 409),
        (Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS, {"if-none-match": "*"}, 412),
        (Kind.ALREADY_EXISTS, Reason.COLLECTION_EXISTS, {"if-none-match": "*"}, 412),
        (Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS, {"if-match": "*"}, 409),
        (Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS, {}, 409),
        (Kind.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED, {"if-none-match": "*"}, 409),
        (Kind.ABORTED, Reason.CONCURRENT_CHANGE, {"if-match": "*"}, 409),
        (Kind.FAILED_PRECONDITION, Reason.ETAG_REQUIRED, {}, 428),
        (Kind.RESOURCE_EXHAUSTED, Reason.REPLY_TOO_LARGE, {}, 413),
        (Kind.RESOURCE_EXHAUSTED, Reason.REQUEST_TOO_LARGE, {}, 413),
        (Kind.INVALID_ARGUMENT, Reason.BATCH_TOO_LARGE, {}, 400),
        (Kind.DEADLINE_EXCEEDED, Reason.QUERY_TIMEOUT, {}, 504),
    ],
)
async def test_statuses(kind: Kind, reason: Reason, headers: dict[str, str], status: int) -> None:
    """The HTTP status says when it was a header that failed; the status of the body stays that of the kind."""
    answer = await refusing(kind, reason).send("PATCH", PATH, b"{}", headers)
    assert (answer.status, answer.reason) == (status, reason)
    assert (answer.json["error"]["code"], answer.json["error"]["status"]) == (status, kind.value)


@pytest.mark.parametrize("reason", [Reason.REPLY_TOO_LARGE, Reason.CONTENT_TOO_LARGE])
async def test_a_body_that_was_read_does_not_end_the_connection(reason: Reason) -> None:
    """Only what is left unread does."""
    answer = await refusing(Kind.RESOURCE_EXHAUSTED, reason).send("PATCH", PATH, b"{}")
    assert (answer.status, answer.headers.get("connection")) == (413, None)
    unread = await refusing(Kind.RESOURCE_EXHAUSTED, Reason.REQUEST_TOO_LARGE).send("PATCH", PATH, b"{}")
    assert unread.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("verb", "target", "body"),
    [
        ("POST", "/v1/collections/c/records", b"{}"),
        ("PATCH", PATH, b"{}"),
        ("DELETE", PATH, b""),
        ("POST", f"{PATH}:purge", b""),
        ("POST", "/v1/records:transact", b'{"requestId": "key-1"}'),
        ("POST", "/v1/collections/c/records?requestId=key-1", b"{}"),
    ],
)
async def test_an_idempotency_key_is_the_request_id(verb: str, target: str, body: bytes) -> None:
    """The header stands for the field, and may repeat it."""
    reply = RECORD if "transact" not in target else requests.TransactRecordsReply(True, 0, ())
    asgi = answering(reply)
    answer = await asgi.send(verb, target, body, {"idempotency-key": "key-1"})
    assert answer.status in {200, 201}
    assert asgi.request.request_id == "key-1"


@pytest.mark.parametrize(("key", "request_id"), [("a", "b"), ("", ""), ("", "b")])
async def test_an_idempotency_key_that_is_empty_or_another_is_refused(key: str, request_id: str) -> None:
    """A client that sends a key relies on it."""
    asgi = answering()
    answer = await asgi.send("DELETE", f"{PATH}?requestId={request_id}", headers={"idempotency-key": key})
    assert (answer.status, answer.reason) == (400, "INVALID_REQUEST_ID")
    assert asgi.request is None


async def test_an_idempotency_key_of_a_read_is_ignored() -> None:
    """A read has nothing to repeat."""
    assert (await answering().send("GET", PATH, headers={"idempotency-key": "a"})).status == 200


@pytest.mark.parametrize(
    ("content_type", "merges"),
    [
        ("application/merge-patch+json", True),
        ("Application/Merge-Patch+JSON; charset=utf-8", True),
        ("application/json", False),
        ("application/x-www-form-urlencoded", False),
        ("application/merge-patch+jsonx", False),
    ],
)
async def test_a_merge_patch_is_known_by_its_content_type(content_type: str, merges: bool) -> None:
    """Any other body is plain JSON, whatever it is declared as."""
    asgi = answering()
    await asgi.send("PATCH", PATH, b'{"content": {}}', {"content-type": content_type})
    assert asgi.request.merge_patch is merges
    assert asgi.request.record.content == (UNSET if merges else {})


async def test_a_merge_patch_is_for_patch() -> None:
    """With another method it is a body of JSON."""
    asgi = answering()
    headers = {"content-type": "application/merge-patch+json"}
    assert (await asgi.send("POST", f"{PATH}:transform", b"{}", headers)).status == 200
    assert asgi.request.merge_patch is False


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example", "content-type": "text/plain"}, 415),
        ({"origin": "https://evil.example", "content-type": "application/x-www-form-urlencoded"}, 415),
        ({"origin": "null", "content-type": "multipart/form-data; boundary=json"}, 415),
        ({"origin": "https://evil.example"}, 415),
        ({"origin": "https://evil.example", "content-type": "text/plain; application/json"}, 415),
        ({"origin": "https://app.example", "content-type": "application/json; charset=utf-8"}, 200),
        ({"origin": "https://app.example", "content-type": "application/merge-patch+json"}, 200),
        ({"origin": "http://node:8080", "content-type": "text/plain"}, 200),
        ({"content-type": "application/x-www-form-urlencoded"}, 200),
        ({}, 200),
    ],
)
@pytest.mark.parametrize("target", [f"{PATH}:transform", f"{PATH}:undelete"])
async def test_a_form_of_another_site_cannot_write(target: str, headers: dict[str, str], status: int) -> None:
    """A browser sends forms to any site; only JSON, which it asks about before, is taken from another site's page."""
    asgi = answering()
    answer = await asgi.send("POST", target, b"{}", {"host": "node:8080", **headers})
    assert answer.status == status
    if status == 415:
        assert (answer.reason, asgi.call) == ("UNSUPPORTED_MEDIA_TYPE", None)


def test_lines_of_a_header_are_joined() -> None:
    """The order of the lines is kept."""
    assert join_headers([(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]) == {b"a": b"1, 3", b"b": b"2"}
