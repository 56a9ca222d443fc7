"""The paths outside of /v1: what is alive and ready, which version, the contract, and pages for people."""

from collections.abc import Callable
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

import msgspec

from crud_service.api.http_headers import Headers
from crud_service.api.http_reply import JSON, HttpReply
from crud_service.api.http_server import Document
from crud_service.api.openapi import build_openapi
from crud_service.api.pages import load_pages
from crud_service.chassis.health import Health, Status
from crud_service.model.limits import Limits
from crud_service.model.ports.registrar import RegistryState
from crud_service.model.record import NodeInfo

Metrics = Callable[[str], tuple[str, bytes]]
"""The media type and the text of a node's metrics, in a format that an Accept header takes."""

_LINKS = {
    "docs": "/docs",
    "openapi": "/openapi.json",
    "proto": "/proto.binpb",
    "node": "/v1/node",
    "collections": "/v1/collections",
    "live": "/healthz",
    "ready": "/readyz",
    "started": "/startupz",
    "metrics": "/metrics",
}


def documents(
    node: NodeInfo,
    limits: Limits,
    health: Health,
    registry: Callable[[], RegistryState | None] = lambda: None,
    metrics: Metrics | None = None,
) -> dict[str, Document]:
    """What GET answers on each fixed path; /metrics is none of them without `metrics`."""
    descriptors = (resources.files("crud_service.v1") / "descriptors.binpb").read_bytes()
    openapi, links = build_openapi(descriptors, node.version, limits), dict(_LINKS)
    if metrics is None:
        del openapi["paths"]["/metrics"], links["metrics"]
    found: dict[str, Document] = {
        "/healthz": _state("live", "", lambda: True, health, registry),
        "/readyz": _state("ready", "not ready", lambda: health.is_ready, health, registry),
        "/startupz": _state("started", "starting", lambda: health.is_started, health, registry),
        "/version": _fixed(msgspec.json.encode({"version": node.version, "commit": node.commit})),
        "/openapi.json": _fixed(msgspec.json.encode(openapi)),
        "/proto.binpb": _fixed(descriptors, b"application/octet-stream"),
    }
    for path, page in load_pages().items():
        found[path] = _fixed(page.body, page.content_type, page.headers)
    if metrics is not None:
        found["/metrics"] = _measured(metrics)
    overview = _fixed(msgspec.json.encode({"service": node.service_name, "version": node.version, "links": links}))
    found["/"] = _negotiated(found["/"], overview)
    return found


def _fixed(body: bytes, content_type: bytes = JSON, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Document:
    return lambda _, __: HttpReply(200, body, [(b"content-type", content_type), *headers])


def _state(
    yes: str, no: str, is_so: Callable[[], bool], health: Health, registry: Callable[[], RegistryState | None]
) -> Document:
    """200 and one word while it is so, else 503 and another; with `?verbose` also what somebody who wonders can use."""

    def tell(headers: Headers, query: bytes) -> HttpReply:
        so = is_so()
        told: dict[str, Any] = {"status": yes if so else no}
        if "verbose" in parse_qs(query.decode("latin-1"), keep_blank_values=True):
            told |= _details(health, registry())
        body = msgspec.json.encode(told)
        return HttpReply(200 if so else 503, body, [(b"content-type", JSON), (b"cache-control", b"no-store")])

    return tell


def _details(health: Health, registry: RegistryState | None) -> dict[str, Any]:
    """A warning is no reason to be not ready; that a node is in no registry is never more than one."""
    warnings = [f"{each.name}: {each.problem}" for each in health.verdicts if each.status is Status.WARNING]
    if health.is_draining:
        warnings.append("the node drains: it has been told to leave")
    told: dict[str, Any] = {"warnings": warnings, "probes": health.verdicts}
    if registry is not None:
        if registry.problem:
            warnings.append(f"{registry.registry}: {registry.problem}")
        told["registry"] = {"kind": registry.registry, "registered": registry.registered}
    return told


def _measured(metrics: Metrics) -> Document:
    def tell(headers: Headers, query: bytes) -> HttpReply:
        media_type, text = metrics(headers.get(b"accept", b"").decode("latin-1"))
        return HttpReply(
            200,
            text,
            [(b"content-type", media_type.encode()), (b"cache-control", b"no-store"), (b"vary", b"accept")],
        )

    return tell


def _negotiated(page: Document, overview: Document) -> Document:
    """The page for a browser, which asks for HTML by name, and JSON for everybody else."""

    def choose(headers: Headers, query: bytes) -> HttpReply:
        wants_page = b"text/html" in headers.get(b"accept", b"")
        reply = (page if wants_page else overview)(headers, query)
        reply.headers.append((b"vary", b"accept"))
        return reply

    return choose
