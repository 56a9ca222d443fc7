"""What a caller may demand of the current state before it is changed: etags (RFC 9110, AIP-154)."""

from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason, invalid
from crud_service.model.record import Collection, Record

_ANY = "*"


def check_preconditions(
    call: Call, current: Record | Collection | None, etag: str, *, path: str, required: bool = False
) -> None:
    """Raise unless `current`, None if there is none, is in a state that the caller accepts.

    `etag` is the one of the request, empty if it has none; the call's headers count too. ABORTED (`ETAG_MISMATCH`) with
    the current etag and version; FAILED_PRECONDITION (`ETAG_REQUIRED`) when `required` and there is no etag at all.
    """
    if etag or call.if_match or call.if_none_match:
        actual = current.etag if current is not None else ""
        if not _is_accepted(call, actual, etag):
            raise _mismatch(current, path)
    if required and current is not None and not etag and not set(call.if_match) - {_ANY}:
        message = f"{path} changes only with an etag; read it and send the etag it has"
        raise CrudError(Kind.FAILED_PRECONDITION, Reason.ETAG_REQUIRED, message, metadata=_facts(current))


def refuse_preconditions(call: Call, why: str) -> None:
    """Raise INVALID_ARGUMENT if the call has a precondition on a current state, which `why` says it cannot have."""
    if call.if_match:
        raise invalid("if-match", why, Reason.INVALID_PRECONDITION)
    if set(call.if_none_match) - {_ANY}:
        raise invalid("if-none-match", why, Reason.INVALID_PRECONDITION)


def _is_accepted(call: Call, actual: str, etag: str) -> bool:
    if etag and etag != actual:
        return False
    if call.if_match and not (actual and {_ANY, actual} & set(call.if_match)):
        return False
    # RFC 9110 compares weakly here and strongly above.
    unwanted = {each.removeprefix("W/") for each in call.if_none_match}
    return not (actual and {_ANY, actual} & unwanted)


def _mismatch(current: Record | Collection | None, path: str) -> CrudError:
    if current is None:
        message = f"there is no {path}, so no etag of it is current"
    else:
        message = f"{path} is not in the state that the etag asks for; read it again and decide"
    return CrudError(Kind.ABORTED, Reason.ETAG_MISMATCH, message, metadata=_facts(current))


def _facts(current: Record | Collection | None) -> dict[str, str]:
    return {} if current is None else {"etag": current.etag, "version": str(current.version)}
