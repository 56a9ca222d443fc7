"""The call: what a transport need not know."""

from crud_service.model.call import Call


def test_a_transport_names_only_operation_and_transport() -> None:
    """Everything else has a default: nobody in particular, no tenant, no deadline, no condition."""
    call = Call("GetRecord", "grpc")
    assert (call.principal, call.tenant, call.deadline, call.reason) == ("anonymous", "", None, "")
    assert (call.if_match, call.if_none_match) == ((), ())
    call.call_id = "made by the chassis"
    assert call.call_id == "made by the chassis"
