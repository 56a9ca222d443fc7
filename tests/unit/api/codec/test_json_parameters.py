"""Requests from HTTP: query parameters, masks and merge patches."""

import json

import pytest
from msgspec import UNSET

from crud_service.model import requests
from crud_service.model.errors import Reason
from tests.unit.api.codec.http_readers import fields, reader, refusal

read_transform = reader("UpdateRecord", "record.path", "*")
read_update = reader("UpdateRecord", "record.path", "record")
read_collection = reader("UpdateCollection", "collection.path", "collection")
read_get = reader("BatchGetRecords", "parent", "")
read_list = reader("ListRecords", "parent", "")


def test_query_parameters_may_be_flags_and_lists() -> None:
    """A list is a parameter that stands several times."""
    read = read_get("c", b"paths=a&paths=b&readMask=name,content.a", b"")
    assert read == requests.BatchGetRecords("c", ("a", "b"), ("name", "content.a"))
    assert read_list("c", b"showDeleted=true&orderBy=name%20desc", b"").show_deleted is True
    assert read_list("c", b"showDeleted=false", b"").show_deleted is False


@pytest.mark.parametrize("value", [b"True", b"1", b"", b"yes"])
def test_a_flag_is_true_or_false(value: bytes) -> None:
    """No other spelling of a truth value is taken."""
    assert fields(refusal(read_list, query=b"showDeleted=" + value)) == ["show_deleted"]


def test_a_message_is_no_query_parameter() -> None:
    """What fits only into a body is unknown in a query."""
    error = refusal(read_update, {}, query=b"transforms=1")
    assert (error.reason, fields(error)) == (Reason.UNKNOWN_FIELD, ["transforms"])


@pytest.mark.parametrize(
    ("mask", "paths"),
    [
        ("name,createTime", ("name", "create_time")),
        ("content.fooBar.snake_case,expireTime", ("content.fooBar.snake_case", "expire_time")),
        ("content.`a,b`.`c.D`,name", ("content.`a,b`.`c.D`", "name")),
        ('content."x,Y",*', ('content."x,Y"', "*")),
        ("content.`open,name", ("content.`open", "name")),
        ("", ()),
        (",name,,", ("name",)),
    ],
)
def test_a_mask_is_in_camel_case_down_to_the_content(mask: str, paths: tuple[str, ...]) -> None:
    """Keys of a content stay as they are, and may hold a comma within quotes."""
    body = json.dumps({"updateMask": mask}).encode()
    assert read_transform("p", b"", body).update_mask == paths


@pytest.mark.parametrize("mask", ["create_time", "name,expire_time", "_"])
def test_a_mask_in_the_names_of_the_proto_is_refused(mask: str) -> None:
    """Over HTTP a name has one spelling."""
    query = f"updateMask={mask}".encode()
    assert refusal(read_update, {}, query=query).reason == Reason.INVALID_UPDATE_MASK
    error = refusal(read_list, query=query.replace(b"update", b"read"))
    assert (error.reason, fields(error)) == (Reason.INVALID_READ_MASK, ["read_mask"])


def test_a_mask_in_a_body_is_a_string() -> None:
    """A null is no mask."""
    error = refusal(read_transform, {"updateMask": ["name"]})
    assert (error.reason, fields(error)) == (Reason.INVALID_UPDATE_MASK, ["update_mask"])
    assert read_transform("p", b"", b'{"updateMask": null}').update_mask is None


def test_a_merge_patch_changes_what_it_names() -> None:
    """A null empties a field of the record; within the content it is for logic to interpret."""
    body = {"name": None, "date": None, "tags": None, "expireTime": None, "content": {"a": None, "b": {"c": None}}}
    read = read_update("p", b"", json.dumps(body).encode(), is_merge_patch=True)
    assert read.merge_patch is True
    assert read.record == requests.RecordDraft(
        name="", date=None, content={"a": None, "b": {"c": None}}, tags=(), path="p", expire_time=None
    )
    assert read_update("p", b"", b"{}").merge_patch is False


def test_a_merge_patch_of_content_replaces_it_by_null_only() -> None:
    """Merging an empty object changes nothing; a null removes all."""
    assert read_update("p", b"", b'{"content": {}}', is_merge_patch=True).record.content is UNSET
    assert read_update("p", b"", b'{"content": null}', is_merge_patch=True).record.content == {}
    assert read_update("p", b"", b'{"content": {}}').record.content == {}


def test_a_merge_patch_is_an_object_without_a_mask() -> None:
    """What a merge patch names is changed, so a mask could only contradict it."""
    error = refusal(read_update, {}, query=b"updateMask=name", is_merge_patch=True)
    assert (error.reason, fields(error)) == (Reason.INVALID_UPDATE_MASK, ["update_mask"])
    for body in ([], "x", 1):
        assert refusal(read_update, body, is_merge_patch=True).reason == Reason.MALFORMED_REQUEST


def test_a_merge_patch_of_a_collection_empties_by_null() -> None:
    """Collections have no content to merge, so their fields are taken as they are."""
    read = read_collection("p", b"", b'{"name": null, "retention": null}', is_merge_patch=True)
    assert read == requests.UpdateCollection(requests.CollectionDraft(name="", path="p", retention=None))


read_changes = reader("ListChanges", "parent", "")


@pytest.mark.parametrize(("value", "nanos"), [(b"10s", 10**10), (b"0.25s", 250_000_000), (b"0s", 0)])
def test_a_duration_is_a_query_parameter(value: bytes, nanos: int) -> None:
    """It is written as in a body."""
    assert read_changes("c", b"wait=" + value, b"") == requests.ListChanges("c", wait=nanos)
    assert read_changes("c", b"", b"").wait is None


@pytest.mark.parametrize("value", [b"", b"10", b"soon", b"-", b"1e3s"])
def test_a_parameter_that_is_no_duration_is_refused(value: bytes) -> None:
    """A number without its unit is none."""
    assert fields(refusal(read_changes, query=b"wait=" + value)) == ["wait"]
