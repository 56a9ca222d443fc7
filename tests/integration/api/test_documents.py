"""The paths beside the operations: health, version, and the contract in its forms."""

import re

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from crud_service import __version__
from crud_service.testing.node import running_node
from tests.integration.api.http_client import HttpConnection, fetch
from tests.integration.api.openapi_check import OpenApiCheck

_PLAIN = {
    "/": "GetIndex",
    "/healthz": "GetLiveness",
    "/readyz": "GetReadiness",
    "/startupz": "GetStartup",
    "/version": "GetVersion",
    "/openapi.json": "GetOpenApi",
    "/docs": "GetDocs",
    "/proto.binpb": "GetProto",
}


async def test_version(http: HttpConnection) -> None:
    """The version is the package's."""
    assert (await http.request("GET", "/version")).json["version"] == __version__


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (None, "application/json"),
    ],
)
async def test_index(http: HttpConnection, accept: str | None, content_type: str) -> None:
    """A browser gets a page, everybody else JSON whose links all work; caches are told why."""
    answer = await http.request("GET", "/", None, {"accept": accept} if accept else {})
    assert answer.status == 200
    assert answer.headers["content-type"].partition(";")[0] == content_type
    assert "accept" in answer.headers["vary"].lower()
    if content_type == "application/json":
        for link in answer.json["links"].values():
            assert (await http.request("GET", link)).status in {200, 503}


async def test_docs(http: HttpConnection) -> None:
    """The documentation is a page that loads nothing from elsewhere."""
    answer = await http.request("GET", "/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert (
        re.findall(rb"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//[^"' >]*|@import|url\([^)#]*//""", answer.body)
        == []
    )


async def test_proto(http: HttpConnection) -> None:
    """`/proto.binpb` is a self-contained descriptor set: every file comes after those it imports."""
    answer = await http.request("GET", "/proto.binpb")
    files = descriptor_pb2.FileDescriptorSet.FromString(answer.body)
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    methods = pool.FindServiceByName("crud_service.v1.RecordService").methods
    assert [method.name for method in methods][:2] == ["CreateRecord", "GetRecord"]
    assert pool.FindExtensionByName("google.api.http").number == 72295728


async def test_every_path_is_in_the_document(http: HttpConnection) -> None:
    """The OpenAPI document knows each plain path, with the media types that it answers."""
    check = OpenApiCheck((await http.request("GET", "/openapi.json")).json)
    for path, operation in _PLAIN.items():
        for accept in ("text/html", "*/*"):
            answer = await http.request("GET", path, None, {"accept": accept})
            promised = check.operations[operation][2]["responses"][str(answer.status)]["content"]
            assert answer.headers["content-type"].partition(";")[0] in promised


async def test_limits_in_the_document() -> None:
    """The document tells the limits of this node, not the defaults."""
    async with running_node(limit_name_chars=7, log_level="warning") as node:
        document = (await fetch(node.http_port, "GET", "/openapi.json")).json
        assert document["components"]["schemas"]["RecordInput"]["properties"]["name"]["maxLength"] == 7
        refused = await fetch(node.http_port, "POST", "/v1/collections/a/records", b'{"name": "12345678"}')
        assert refused.status == 400
        assert "at most 7" in refused.json["error"]["message"]
