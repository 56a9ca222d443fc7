"""What an operator asks a node itself: who it is, to leave, to say more or less."""

from crud_service.model import requests
from crud_service.model.call import Call, Handler
from crud_service.model.errors import invalid
from crud_service.model.ports.node_control import LOG_LEVELS, NodeControl
from crud_service.model.record import NodeInfo


def administration(node: NodeControl) -> dict[str, Handler]:
    """What serves each operation on a node. A name here is a method of the proto and a type in `model.requests`.

    All of them answer with the node as it is afterwards.
    """

    async def node_info(call: Call, request: requests.GetNodeInfo) -> NodeInfo:
        return node.info

    async def drain(call: Call, request: requests.DrainNode) -> NodeInfo:
        node.drain()
        return node.info

    async def set_log_level(call: Call, request: requests.SetLogLevel) -> NodeInfo:
        if request.log_level not in LOG_LEVELS:
            raise invalid("log_level", f"must be one of {', '.join(LOG_LEVELS)}")
        node.set_log_level(request.log_level)
        return node.info

    return {"GetNodeInfo": node_info, "DrainNode": drain, "SetLogLevel": set_log_level}
