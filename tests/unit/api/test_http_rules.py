"""The router: what the annotations of the proto say, and nothing else."""

from urllib.parse import quote

import pytest
from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from hypothesis import given
from hypothesis import strategies as st

from crud_service.api.http_rules import HttpRule, Miss, Router, http_rules
from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_service_pb2

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
FILES = (record_service_pb2, collection_service_pb2, admin_service_pb2)


def method(rule: http_pb2.HttpRule | None) -> MethodDescriptor:
    """A method with this http rule, in a descriptor pool of its own."""
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t")
    file.message_type.add(name="M")
    declared = file.service.add(name="S").method.add(name="Do", input_type=".t.M", output_type=".t.M")
    if rule:
        declared.options.Extensions[annotations_pb2.http].CopyFrom(rule)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName("t.S").methods_by_name["Do"]


def rule_of(**http: str) -> HttpRule:
    return http_rules(method(http_pb2.HttpRule(**http)))[0]


@pytest.fixture
def router() -> Router[str]:
    """The routes of the real contract, each with the name of its method."""
    services = [service for file in FILES for service in file.DESCRIPTOR.services_by_name.values()]
    return Router([(rule, each.name) for service in services for each in service.methods for rule in http_rules(each)])


@pytest.fixture
def planned() -> Router[str]:
    """Routes with custom verbs, beside the ones without that they must not shadow."""
    return Router(
        [
            (rule_of(get="/v1/{path=collections/*/records/*}"), "get"),
            (rule_of(post="/v1/{path=collections/*/records/*}:undelete", body="*"), "undelete"),
            (rule_of(post="/v1/{parent=collections/*}/records", body="record"), "create"),
            (rule_of(get="/v1/{parent=collections/*}/records:batchGet"), "batch_get"),
            (rule_of(post="/v1/records:transact", body="*"), "transact"),
            (rule_of(get="/v1/{path=collections/*}"), "collection"),
            (rule_of(get="/v1/collections/mine"), "mine"),
        ]
    )


@pytest.mark.parametrize(
    ("verb", "path", "name", "value"),
    [
        ("POST", "/v1/collections/notes/records", "CreateRecord", "collections/notes"),
        ("GET", "/v1/collections/notes/records", "ListRecords", "collections/notes"),
        ("GET", f"/v1/collections/notes/records/{ID}", "GetRecord", f"collections/notes/records/{ID}"),
        ("PATCH", "/v1/collections/notes/records/a", "UpdateRecord", "collections/notes/records/a"),
        ("DELETE", "/v1/collections/notes/records/a", "DeleteRecord", "collections/notes/records/a"),
        ("GET", "/v1/collections/records", "GetCollection", "collections/records"),
        ("POST", "/v1/collections/notes/records/a:transform", "UpdateRecord", "collections/notes/records/a"),
        ("POST", "/v1/collections/notes/records/a:undelete", "UndeleteRecord", "collections/notes/records/a"),
        ("POST", "/v1/collections/notes/records/a:purge", "PurgeRecord", "collections/notes/records/a"),
        ("GET", "/v1/collections/-/records", "ListRecords", "collections/-"),
        ("GET", "/v1/collections/notes/records:count", "CountRecords", "collections/notes"),
        ("GET", "/v1/collections/notes/records:batchGet", "BatchGetRecords", "collections/notes"),
        ("POST", "/v1/collections/notes/records:batchGet", "BatchGetRecords", "collections/notes"),
        ("POST", "/v1/collections/notes/records:batchCreate", "BatchCreateRecords", "collections/notes"),
        ("POST", "/v1/collections/-/records:batchDelete", "BatchDeleteRecords", "collections/-"),
        ("POST", "/v1/records:transact", "TransactRecords", ""),
        ("POST", "/v1/collections", "CreateCollection", ""),
        ("GET", "/v1/node", "GetNodeInfo", ""),
    ],
)
def test_routes_of_the_contract(router, verb, path, name, value):
    """Every operation is found under its URL, with the resource path that the URL names."""
    assert router.match(verb, path.encode()) == (name, value)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/v1",
        "/v2/collections",
        "/v1/collections/",
        "/v1/collections//records",
        "//v1/collections",
        "/v1/collections/notes/records/a/b",
        "/v1/collections/notes/other",
        "v1/collections",
        "/v1/node/",
    ],
)
def test_unknown_paths_miss(router, path):
    """A path that no rule has is a miss that names no method; an empty segment matches nothing."""
    assert router.match("GET", path.encode()) == Miss()


def test_known_path_with_another_method_tells_the_allowed_ones(router):
    """A path that is served with other methods says with which ones, for the Allow header."""
    assert router.match("PUT", b"/v1/collections/notes/records/a") == Miss(("DELETE", "GET", "PATCH"))
    assert router.match("DELETE", b"/v1/node") == Miss(("GET",))


@pytest.mark.parametrize(
    ("verb", "path", "found"),
    [
        ("POST", b"/v1/collections/c/records/r:undelete", ("undelete", "collections/c/records/r")),
        ("GET", b"/v1/collections/c/records:batchGet", ("batch_get", "collections/c")),
        ("POST", b"/v1/records:transact", ("transact", "")),
        ("GET", b"/v1/collections/c/records/r:undelete", Miss(("POST",))),
        ("GET", b"/v1/collections/c/records/r%3Aundelete", ("get", "collections/c/records/r:undelete")),
        ("GET", b"/v1/collections/c/records/r:other", ("get", "collections/c/records/r:other")),
        ("POST", b"/v1/collections/c/records/:undelete", Miss(("GET",))),
        ("POST", b"/v1/collections/c/records:", Miss()),
        ("POST", b"/v1/records", Miss()),
        ("GET", b"/v1/collections/mine", ("mine", "")),
        ("GET", b"/v1/collections/yours", ("collection", "collections/yours")),
    ],
)
def test_custom_verbs_and_precedence(planned, verb, path, found):
    """A custom verb is a route of its own, an encoded colon is none, and a literal segment wins over a variable."""
    assert planned.match(verb, path) == found


@pytest.mark.parametrize("path", [b"/v1/collections/%ff", b"/v1/collections/\xff", b"/v1/collections/%C3"])
def test_values_that_are_not_utf8_miss(router, path):
    """A value that is not UTF-8, escaped or not, is no path of ours."""
    assert router.match("GET", path) == Miss()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_escaped_value_comes_back(text):
    """Whatever text stands escaped in a segment comes back decoded, and never as more than one segment."""
    router = Router([(rule_of(get="/v1/{path=collections/*/records/*}"), "get")])
    escaped = quote(text, safe="")
    found = router.match("GET", f"/v1/collections/c/records/{escaped}".encode())
    assert found == ("get", f"collections/c/records/{text.replace('/', '%2F')}")


PARTS = [
    "v1",
    "collections",
    "records",
    "node",
    "a",
    "*",
    "",
    ":x",
    "%2f",
    "é",
    "a:purge",
    "records:count",
    "a:x:purge",
]


def fits(rule: HttpRule, parts: list[str], *, split: bool) -> bool:
    """Whether the rule is for a path of these parts, the last one with its custom verb split off or not."""
    verb = ""
    if split and parts:
        last, _, verb = parts[-1].rpartition(":")
        parts = [*parts[:-1], last]
    return (
        (bool(verb) or not split)
        and rule.custom_verb == verb
        and len(rule.segments) == len(parts)
        and all(want == part or (want == "*" and part) for want, part in zip(rule.segments, parts, strict=True))
    )


@given(st.lists(st.sampled_from(PARTS), max_size=7))
def test_match_agrees_with_the_rules_read_literally(parts):
    """For any path: the router answers as comparing it with each rule, segment by segment, would."""
    rules = [rule for file in FILES for service in file.DESCRIPTOR.services_by_name.values()
             for each in service.methods for rule in http_rules(each)]  # fmt: skip
    fitting = {rule.verb for rule in rules if fits(rule, parts, split=True)}
    fitting = fitting or {rule.verb for rule in rules if fits(rule, parts, split=False)}
    found = Router([(rule, "") for rule in rules]).match("NONE", ("/" + "/".join(parts)).encode())
    assert found == Miss(tuple(sorted(fitting)))


def test_additional_bindings_are_rules_of_their_own():
    """A method may be served by several methods and paths; each is a rule."""
    main = http_pb2.HttpRule(post="/v1/records:batchGet", body="*")
    main.additional_bindings.add(get="/v1/records:batchGet")
    rules = http_rules(method(main))
    assert [(rule.verb, rule.body, rule.custom_verb) for rule in rules] == [
        ("POST", "*", "batchGet"),
        ("GET", "", "batchGet"),
    ]


@pytest.mark.parametrize(
    ("http", "creates"),
    [
        ({"post": "/v1/{parent=collections/*}/records"}, True),
        ({"post": "/v1/{path=collections/*}:undelete"}, False),
        ({"post": "/v1/records:transact"}, False),
        ({"get": "/v1/collections"}, False),
    ],
)
def test_only_a_plain_post_creates(http, creates):
    """A POST makes a new resource unless it has a custom verb."""
    assert rule_of(**http).creates is creates


def test_method_without_annotation_has_no_rules():
    """A method that is served over gRPC only has no rule."""
    assert http_rules(method(None)) == ()


@pytest.mark.parametrize(
    "template",
    ["/v1/{path=collections/**}", "/v1/{a=x/*}/{b=y/*}", "/v1/*/records", "v1/node", "/v1//node", "/v1/a:b/c"],
)
def test_templates_beyond_the_router_are_refused(template):
    """A template that the router would serve wrongly stops the start instead."""
    with pytest.raises(ValueError, match="one variable"):
        rule_of(get=template)


def test_custom_http_methods_are_refused():
    """A rule for an HTTP method of its own invention is refused."""
    invented = http_pb2.HttpRule(custom=http_pb2.CustomHttpPattern(kind="PURGE", path="/v1/node"))
    with pytest.raises(ValueError, match="custom"):
        http_rules(method(invented))


def test_two_routes_for_one_path_are_refused():
    """Two operations under the same method and path are a mistake in the proto, told at start."""
    rule = rule_of(get="/v1/{path=collections/*}")
    with pytest.raises(ValueError, match="two routes for GET"):
        Router([(rule, "a"), (rule, "b")])
