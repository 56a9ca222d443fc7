"""The suite sends everything that the proto has: each method, by each of its rules."""

import re

from google.api import annotations_pb2

from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_service_pb2
from tests.integration.parity.methods import METHODS, Rule

_FILES = (record_service_pb2, collection_service_pb2, admin_service_pb2)


def test_every_rule() -> None:
    """The rules of a method are those of the proto, the main one first and additional bindings behind it."""
    found = {}
    for service in [each for file in _FILES for each in file.DESCRIPTOR.services_by_name.values()]:
        for each in service.methods:
            main = each.GetOptions().Extensions[annotations_pb2.http]
            rules = []
            for rule in (main, *main.additional_bindings):
                verb = rule.WhichOneof("pattern")
                rules.append(Rule(verb.upper(), re.sub(r"=[^}]*", "", getattr(rule, verb)), rule.body))
            found[each.name] = rules
    mine = {name: [Rule(rule.verb, rule.url, rule.body) for rule in each.rules] for name, each in METHODS.items()}
    assert mine == found


def test_every_stream() -> None:
    """An operation with a stream is known as one, and which side of it is."""
    services = [each for file in _FILES for each in file.DESCRIPTOR.services_by_name.values()]
    methods = {each.name: each for service in services for each in service.methods}
    assert {name for name, each in METHODS.items() if each.streams == "replies"} == {
        name for name, each in methods.items() if each.server_streaming
    }
    assert {name for name, each in METHODS.items() if each.streams == "requests"} == {
        name for name, each in methods.items() if each.client_streaming
    }
