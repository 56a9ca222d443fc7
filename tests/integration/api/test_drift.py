"""One contract, four faces: the proto's methods, the HTTP routes, the OpenAPI document and reflection are the same."""

import re
from typing import Any, NamedTuple

import grpc.aio
import pytest
import pytest_asyncio
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from crud_service.api.openapi import build_openapi
from crud_service.bootstrap import Node
from crud_service.model.limits import Limits
from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_service_pb2
from tests.integration.api.http_client import fetch
from tests.integration.api.test_grpc import _reflect
from tests.integration.parity.methods import METHODS

_FILES = (record_service_pb2, collection_service_pb2, admin_service_pb2)
# What an item of a batch or transaction leaves to the request that it stands in, which reads what is stored now.
_OF_THE_WHOLE = {"requestId", "validateOnly", "readRevision"}


class Rule(NamedTuple):
    """One way to call a method over HTTP, read from the proto by hand: no code of the service is asked."""

    method: MethodDescriptor
    verb: str
    template: str
    body: str

    @property
    def path(self) -> str:
        """The path with `*` for what varies."""
        return re.sub(r"{[^=]*=([^}]*)}", r"\1", self.template)

    @property
    def bound(self) -> str:
        """The request field that the path fills: `record.path`."""
        return (re.findall(r"{([^=]*)=", self.template) or [""])[0]


def _methods() -> list[MethodDescriptor]:
    services = [each for file in _FILES for each in file.DESCRIPTOR.services_by_name.values()]
    return [method for service in services for method in service.methods]


def _rules() -> list[Rule]:
    found = []
    for method in _methods():
        main = method.GetOptions().Extensions[annotations_pb2.http]
        for rule in (main, *main.additional_bindings):
            verb = rule.WhichOneof("pattern")
            found.append(Rule(method, verb.upper(), getattr(rule, verb), rule.body))
    return found


RULES = _rules()
_each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.verb}-{rule.template}")


@pytest_asyncio.fixture(scope="module")
async def document(node: Node) -> dict[str, Any]:
    """The OpenAPI document as the node serves it."""
    return (await fetch(node.http_port, "GET", "/openapi.json")).json


def _documented(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The operations of the document below /v1 by HTTP method and path with `*`."""
    return {
        (verb.upper(), re.sub(r"{[^}]*}", "*", path)): operation
        for path, item in document["paths"].items()
        if path.startswith("/v1/")
        for verb, operation in item.items()
    }


def test_parity_knows_every_method() -> None:
    """The parity suite sends every method of the proto, to the path that the proto says."""
    main = {rule.method.name: rule for rule in reversed(RULES)}
    assert {name: (each.service, each.verb, each.url) for name, each in METHODS.items()} == {
        name: (rule.method.containing_service.full_name, rule.verb, re.sub(r"=[^}]*", "", rule.template))
        for name, rule in main.items()
    }


def test_openapi_has_every_rule(document: dict[str, Any]) -> None:
    """Each http rule of the proto is one operation of the document, named after its method; no other is there."""
    documented = {key: operation["operationId"] for key, operation in _documented(document).items()}
    assert sorted(documented) == sorted((rule.verb, rule.path) for rule in RULES)
    for rule in RULES:
        assert documented[rule.verb, rule.path].startswith(rule.method.name)
    assert len(set(documented.values())) == len(RULES)


@_each_rule
def test_openapi_has_every_field_of_a_request(document: dict[str, Any], rule: Rule) -> None:
    """Path, query and body of an operation are together the fields of the request: each stands in one place."""
    operation = _documented(document)[rule.verb, rule.path]
    parameters = [each for each in operation["parameters"] if "$ref" not in each] if "parameters" in operation else []
    in_path = [each["name"] for each in parameters if each["in"] == "path"]
    assert len(in_path) == rule.path.count("*")
    in_query = {each["name"] for each in parameters if each["in"] == "query"}
    elsewhere = {rule.bound.partition(".")[0], rule.body}
    left = [field for field in rule.method.input_type.fields if field.name not in elsewhere]
    assert in_query == (set() if rule.body == "*" else {field.json_name for field in left if _fits_query(field)})
    if not rule.body:
        assert "requestBody" not in operation
        return
    for media in operation["requestBody"]["content"].values():
        if rule.body == "*":
            _compare(document, media["schema"], rule.method.input_type, {rule.bound})
        else:
            _compare(document, _item(media), rule.method.input_type.fields_by_name[rule.body].message_type, set())


@_each_rule
def test_openapi_has_every_field_of_a_reply(document: dict[str, Any], rule: Rule) -> None:
    """The schema of a reply has the fields of its message, all but those that are for requests only."""
    responses = _documented(document)[rule.verb, rule.path]["responses"]
    (success,) = [responses[status] for status in ("200", "201") if status in responses]
    message = rule.method.output_type
    if not rule.method.server_streaming:
        assert list(success["content"]) == ["application/json"]
    elif "records" in message.fields_by_name:  # a record is an item of the stream, not the message that has some
        message = message.fields_by_name["records"].message_type
    for media_type, media in success["content"].items():
        if media_type != "text/csv":
            _compare(document, _item(media), message, {"ttl"})


def _fits_query(field: FieldDescriptor) -> bool:
    return field.message_type is None or field.message_type.name in {"FieldMask", "Duration"}


def _item(media: dict[str, Any]) -> dict[str, Any]:
    """The schema of a body; of a stream, that of one item."""
    found: dict[str, Any] = media.get("x-itemSchema", media["schema"])
    return found


def _compare(document: dict[str, Any], schema: dict[str, Any], message: Descriptor, without: set[str]) -> None:
    """Assert that a schema has the fields of a message, `without` some, and so has all that it refers to."""
    seen: set[str] = set()
    waiting = [(schema, message, without)]
    while waiting:
        schema, message, without = waiting.pop()
        if message.full_name in seen:
            continue
        seen.add(message.full_name)
        properties = document["components"]["schemas"][_reference(schema)]["properties"]
        fields = {field.json_name: field for field in message.fields if field.name not in without}
        assert set(properties) == set(fields), message.full_name
        for name, field in fields.items():
            if field.message_type and field.message_type.file.package == message.file.package:
                is_item = field.message_type.name.endswith("Request")
                inner = {each.name for each in field.message_type.fields if each.json_name in _OF_THE_WHOLE}
                waiting.append((properties[name], field.message_type, inner if is_item else without & {"ttl"}))


def _reference(schema: dict[str, Any]) -> str:
    """The name of the schema that this one refers to: by itself, in an array or beside null."""
    found = schema.get("items", schema)
    found = found["anyOf"][0] if "anyOf" in found else found
    name: str = found["$ref"].rpartition("/")[2]
    return name


@_each_rule
async def test_every_rule_is_routed(node: Node, rule: Rule) -> None:
    """Each rule answers over HTTP on its path: not as an unknown path, not as a wrong method."""
    # Only the head of an endless reply: HEAD asks for that.
    verb = "HEAD" if rule.method.server_streaming else rule.verb
    answer = await fetch(node.http_port, verb, rule.path.replace("*", "BAD"), b"{}")
    assert answer.status in {200, 201, 400}
    assert "x-call-id" in answer.headers


async def test_every_method_is_served(channel: grpc.aio.Channel) -> None:
    """Each method answers over gRPC."""
    for method in _methods():
        call = _start(channel, method)
        assert (await call.code()).name in {"OK", "INVALID_ARGUMENT"}, method.name


def _start(channel: grpc.aio.Channel, method: MethodDescriptor) -> Any:
    """A call with a request that is no message."""
    path, request = f"/{method.containing_service.full_name}/{method.name}", b"\xff"
    if method.client_streaming:
        return channel.stream_unary(path)(iter([request]))
    return (channel.unary_stream if method.server_streaming else channel.unary_unary)(path)(request)


async def test_reflection_is_the_proto(channel: grpc.aio.Channel, node: Node) -> None:
    """Reflection and `/proto.binpb` describe the same files as the generated code."""
    served = descriptor_pb2.FileDescriptorSet.FromString((await fetch(node.http_port, "GET", "/proto.binpb")).body)
    in_set = {each.name: each for each in served.file}
    for file in _FILES:
        generated = descriptor_pb2.FileDescriptorProto()
        file.DESCRIPTOR.CopyToProto(generated)
        answer = await _reflect(channel, file_by_filename=generated.name)
        first = answer.file_descriptor_response.file_descriptor_proto[0]
        assert descriptor_pb2.FileDescriptorProto.FromString(first) == generated
        assert _bare(in_set[generated.name]) == _bare(generated)


def _bare(file: descriptor_pb2.FileDescriptorProto) -> descriptor_pb2.FileDescriptorProto:
    """The file without comments and the JSON names, which generated code leaves out because they follow a rule."""
    file.ClearField("source_code_info")
    for message in file.message_type:
        for field in message.field:
            field.ClearField("json_name")
    return file


async def test_served_document_is_the_built_one(node: Node) -> None:
    """What `/openapi.json` serves is what the descriptors that `/proto.binpb` serves make."""
    descriptors = (await fetch(node.http_port, "GET", "/proto.binpb")).body
    document = (await fetch(node.http_port, "GET", "/openapi.json")).json
    assert document == build_openapi(descriptors, document["info"]["version"], Limits())
