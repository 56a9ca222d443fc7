"""What the node itself says in its log: failures inside, background work in trouble, its place in the registry."""

import logging
import sys

from crud_service.chassis.breaker import State
from crud_service.chassis.failure import described_failure
from crud_service.chassis.health import Status, Verdict
from crud_service.chassis.reports import stack_lines
from crud_service.library.log_output import LogOutput
from crud_service.model.call import Call
from crud_service.model.errors import CrudError
from crud_service.model.ports.registrar import RegistryState
from crud_service.model.record import NodeInfo
from crud_service.model.reports import ErrorReport
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


def log_failure(event: str, call: Call, report: ErrorReport, detailed: bool) -> None:
    """Log one failure that nobody expected, with its stack the first few times. Nothing of it that may be a secret."""
    fields = {
        "report": report.id,
        "operation": call.operation,
        "error": f"{report.type}: {report.message}",
        "code": str(report.code_line),
        "call_id": call.call_id,
        "trace_id": call.trace_id,
    }
    if detailed:
        fields["stack"] = "\n".join(stack_lines(report))
    logging.getLogger(_LOG).error("%s", event, extra={"fields": {name: each for name, each in fields.items() if each}})


def log_trouble(message: str, error: CrudError | None) -> None:
    """Log that background work is in trouble, and what the store or a hook had to say."""
    logging.getLogger(_LOG).warning("%s", f"{message}: {error.message}" if error else message)


def report_registry(node: NodeInfo, state: RegistryState) -> None:
    """Log a change of the node's place in the registry."""
    level = logging.WARNING if state.problem else logging.INFO
    event = state.problem or ("registered" if state.registered else "deregistered")
    fields = {"service": node.service_name, "node_id": node.node_id}
    logging.getLogger(_LOG).log(level, "%s: %s", state.registry, event, extra={"fields": fields})


def report_tracing(problem: str) -> None:
    """Log that the collector of traces takes none any more, or that it does again."""
    if problem:
        logging.getLogger(_LOG).warning("traces: %s; calls go on, spans are lost until it takes them again", problem)
    else:
        logging.getLogger(_LOG).info("traces: the collector takes spans again")


def report_verdict(verdict: Verdict) -> None:
    """Log that what the node needs has become well, slow or unwell."""
    level = logging.INFO if verdict.status is Status.OK else logging.WARNING
    fields = {"probe": verdict.name, "status": verdict.status.value}
    event = f"{verdict.problem}; {verdict.advice}" if verdict.problem else "well again"
    logging.getLogger(_LOG).log(level, "%s: %s", verdict.name, event, extra={"fields": fields})


def report_step(step: str, error: Exception) -> None:
    """Log that a node which leaves could not do one of its steps. It leaves all the same."""
    told = described_failure(error)
    fields = {"error": f"{told.type}: {told.message}", "code": str(told.code_line)}
    logging.getLogger(_LOG).warning("the node leaves, but could not %s", step, extra={"fields": fields})


def report_breaker(dependency: str, state: State) -> None:
    """Log that calls to a dependency are left out, tried, or made again."""
    level = logging.WARNING if state is State.OPEN else logging.INFO
    fields = {"dependency": dependency, "breaker": state.value}
    logging.getLogger(_LOG).log(level, "%s: the breaker is %s", dependency, state.value, extra={"fields": fields})


def warn_of_loopback(address: object) -> None:
    """Log that a registry hands out an address which only this machine reaches."""
    advice = "clients are sent to %s, which only this machine reaches; listen elsewhere to be found by others"
    logging.getLogger(_LOG).warning(advice, address)
