"""One contract, four faces: the proto's methods, the HTTP routes, the OpenAPI document and reflection are the same."""

import re

import grpc.aio
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2

from crud_service.api.openapi import build_openapi
from crud_service.bootstrap import Node
from crud_service.model.limits import Limits
from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_service_pb2
from tests.integration.api.http_client import fetch
from tests.integration.api.openapi_check import OpenApiCheck
from tests.integration.api.test_grpc import _reflect
from tests.integration.parity.methods import METHODS

_FILES = (record_service_pb2, collection_service_pb2, admin_service_pb2)


def _proto_methods() -> dict[str, tuple[str, str, str]]:
    """Service, HTTP method and template of each method of the proto."""
    found = {}
    for file in _FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                rule = method.GetOptions().Extensions[annotations_pb2.http]
                verb = rule.WhichOneof("pattern")
                found[method.name] = (service.full_name, verb.upper(), getattr(rule, verb))
    return found


def test_parity_knows_every_method() -> None:
    """The parity suite sends every method of the proto, to the path that the proto says."""
    by_hand = {name: (each.service, each.verb, each.url) for name, each in METHODS.items()}
    assert by_hand == {
        name: (service, verb, re.sub(r"=[^}]*", "", template))
        for name, (service, verb, template) in _proto_methods().items()
    }


async def test_openapi_has_every_method(node: Node) -> None:
    """Each method of the proto is one operation of the document, under its HTTP method and path, and no other is."""
    check = OpenApiCheck((await fetch(node.http_port, "GET", "/openapi.json")).json)
    documented = {
        name: (verb, re.sub(r"{[^}]*}", "*", path))
        for name, (verb, path, _) in check.operations.items()
        if path.startswith("/v1/")
    }
    assert documented == {
        name: (verb, re.sub(r"{[^=]*=([^}]*)}", r"\1", template))
        for name, (_, verb, template) in _proto_methods().items()
    }


async def test_every_method_is_routed(node: Node) -> None:
    """Each method answers over HTTP on its path: not as an unknown path, not as a wrong method."""
    for name, (_, verb, template) in _proto_methods().items():
        target = re.sub(r"{[^=]*=([^}]*)}", r"\1", template).replace("*", "BAD")
        answer = await fetch(node.http_port, verb, target, b"{}")
        assert answer.status in {200, 201, 400}, name
        assert "x-call-id" in answer.headers


async def test_every_method_is_served(channel: grpc.aio.Channel) -> None:
    """Each method answers over gRPC."""
    for name, (service, _, _) in _proto_methods().items():
        call = channel.unary_unary(f"/{service}/{name}")(b"\xff")
        assert (await call.code()).name in {"OK", "INVALID_ARGUMENT"}, name


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
