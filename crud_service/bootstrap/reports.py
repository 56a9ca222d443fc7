"""What the node itself says in its log: failures inside, background work in trouble, its place in the registry."""

import logging
import sys

from crud_service.chassis.health import Status, Verdict
from crud_service.library.log_output import LogOutput
from crud_service.model.call import Call
from crud_service.model.errors import CrudError
from crud_service.model.ports.registrar import RegistryState
from crud_service.model.record import NodeInfo
from crud_service.settings import Settings

_LOG = "crud_service"


def log_output(settings: Settings) -> LogOutput:
    """The node's log on stderr: text for a terminal, JSON lines for everything else, unless the settings say."""
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    return LogOutput(sys.stderr.buffer, as_text=as_text)


def start_logging(output: LogOutput, level: str) -> None:
    """Send what Python's logging gets to `output`; of this package from `level` on, of others warnings."""
    logging.basicConfig(handlers=[output], level=logging.WARNING, force=True)
    logging.getLogger(_LOG).setLevel(level.upper())
    # It warns of every request that is no HTTP, which anybody can send as often as they like.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def report_failure(call: Call, error: Exception) -> str:
    """Log an unexpected failure of a call with its stack, and return the id to find it by."""
    fields = {"report": call.call_id, "operation": call.operation, "trace_id": call.trace_id}
    logging.getLogger(_LOG).error("the service failed inside", exc_info=error, extra={"fields": fields})
    return call.call_id


def report_trouble(message: str, error: Exception | None) -> None:
    """Log that background work is in trouble. What the service chose to answer needs no stack."""
    cause = None if isinstance(error, CrudError) else error
    logging.getLogger(_LOG).warning("%s", message, exc_info=cause)


def report_registry(node: NodeInfo, state: RegistryState) -> None:
    """Log a change of the node's place in the registry."""
    level = logging.WARNING if state.problem else logging.INFO
    event = state.problem or ("registered" if state.registered else "deregistered")
    fields = {"service": node.service_name, "node_id": node.node_id}
    logging.getLogger(_LOG).log(level, "%s: %s", state.registry, event, extra={"fields": fields})


def report_verdict(verdict: Verdict) -> None:
    """Log that what the node needs has become well, slow or unwell."""
    level = logging.INFO if verdict.status is Status.OK else logging.WARNING
    fields = {"probe": verdict.name, "status": verdict.status.value}
    event = f"{verdict.problem}; {verdict.advice}" if verdict.problem else "well again"
    logging.getLogger(_LOG).log(level, "%s: %s", verdict.name, event, extra={"fields": fields})


def warn_of_loopback(address: object) -> None:
    """Log that a registry hands out an address which only this machine reaches."""
    advice = "clients are sent to %s, which only this machine reaches; listen elsewhere to be found by others"
    logging.getLogger(_LOG).warning(advice, address)
