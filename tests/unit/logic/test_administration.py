"""What operators ask the node itself."""

import pytest
from msgspec.structs import replace

from crud_service.logic.administration import administration
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import from_unix

NODE = NodeInfo("node-1", "orders", "1.2.3", "abc", (), "memory", from_unix(0), log_level="info")


class Control:
    """A node that does as it is told."""

    def __init__(self) -> None:
        self.info = NODE
        self.drains = 0

    def drain(self) -> None:
        self.drains += 1
        self.info = replace(self.info, draining=True)

    def set_log_level(self, level: str) -> None:
        self.info = replace(self.info, log_level=level)


@pytest.fixture
def node() -> Control:
    return Control()


async def do(node: Control, request: object) -> NodeInfo:
    name = type(request).__name__
    found: NodeInfo = await administration(node)[name](Call(name, "grpc"), request)
    return found


async def test_a_node_tells_its_state(node: Control) -> None:
    """The answer is the node as it is now, not as it was when it started."""
    assert await do(node, requests.GetNodeInfo()) == NODE
    node.drain()
    assert (await do(node, requests.GetNodeInfo())).draining


async def test_drain(node: Control) -> None:
    """The answer to a drain says that the node drains, however often it is asked."""
    assert not node.info.draining
    assert (await do(node, requests.DrainNode())).draining
    assert (await do(node, requests.DrainNode())).draining


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
async def test_a_log_level(node: Control, level: str) -> None:
    """Each level that a setting may be can be set; the answer has it."""
    assert (await do(node, requests.SetLogLevel(level))).log_level == level


@pytest.mark.parametrize("level", ["", "INFO", "loud", "info "])
async def test_no_log_level(node: Control, level: str) -> None:
    """Anything else is refused by its field, and changes nothing."""
    with pytest.raises(CrudError) as refused:
        await do(node, requests.SetLogLevel(level))
    assert (refused.value.kind, refused.value.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD)
    assert refused.value.violations[0].field == "log_level"
    assert node.info == NODE
