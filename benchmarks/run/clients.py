"""Real clients: they fill a system, and check its replies before a load generator counts them."""

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from payload import create_request, get_request, is_our_record, record_json
from process import BenchError
from systems import PAGE, HttpFace

from crud_service.v1.record_pb2 import Record


def http_call(
    address: str, method: str, path: str, body: bytes | None = None, media_type: str = "application/json"
) -> bytes:
    """One HTTP call on a connection of its own. Raises BenchError unless the reply is 2xx."""
    return _http_call(HTTPConnection(address, timeout=60), method, path, body, media_type)


def grpc_call(address: str, method: str, message: bytes) -> bytes:
    """One gRPC call of `crud_service.v1.METHOD` on a channel of its own. Raises BenchError for any status but OK."""
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(f"/crud_service.v1.{method}", lambda data: data, lambda data: data)
        try:
            reply: bytes = call(message, timeout=10)
        except grpc.RpcError as error:
            raise BenchError(f"{method} on {address} failed: {error}") from error
        return reply


def fill(address: str, face: HttpFace, count: int) -> list[str]:
    """Create `count` of our records over HTTP and return their ids."""

    def create_some(share: int) -> list[str]:
        connection, body = HTTPConnection(address, timeout=30), record_json()
        replies = [_http_call(connection, "POST", face.records, body) for _ in range(share)]
        return [str(json.loads(reply)["id"]) for reply in replies]

    workers = 16
    shares = [len(range(worker, count, workers)) for worker in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        return [record_id for ids in pool.map(create_some, shares) for record_id in ids]


def check_http(address: str, face: HttpFace, record_id: str) -> None:
    """Raises BenchError unless create, get and list give our record, and a list PAGE of them in the order of ids."""
    created = json.loads(http_call(address, "POST", face.records, record_json()))
    got = json.loads(http_call(address, "GET", f"{face.records}/{record_id}"))
    page = json.loads(http_call(address, "GET", face.page))
    listed: list[dict[str, Any]] = page[face.items] if face.items else page
    ids = [record["id"] for record in listed]
    if not all(is_our_record(record) for record in (created, got, *listed)):
        raise BenchError(f"{address} does not give back the record that was sent: {got}")
    if len(ids) != PAGE or (face.stores and (ids != sorted(ids) or str(got["id"]) != record_id)):
        raise BenchError(f"{address} does not list {PAGE} records in the order of their ids: {ids}")


def check_grpc(address: str, record_id: str) -> tuple[int, int]:
    """The sizes of the replies of get and create. Raises BenchError unless both give our record."""
    replies = (
        grpc_call(address, "RecordService/GetRecord", get_request(record_id)),
        grpc_call(address, "RecordService/CreateRecord", create_request()),
    )
    for reply in replies:
        record = MessageToDict(Record.FromString(reply), preserving_proto_field_name=True)
        if not is_our_record(record):
            raise BenchError(f"{address} does not give back the record that was sent: {record}")
    return len(replies[0]), len(replies[1])


def _http_call(
    connection: HTTPConnection, method: str, path: str, body: bytes | None, media_type: str = "application/json"
) -> bytes:
    headers = {"content-type": media_type} if body is not None else {}
    connection.request(method, path, body, headers)
    reply = connection.getresponse()
    data = reply.read()
    if not 200 <= reply.status < 300:
        raise BenchError(f"{method} {path} gave {reply.status}: {data[:500]!r}")
    return data
