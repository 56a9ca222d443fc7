"""The rates of a node: none, and then nothing stands around a call, unless the settings have some."""

from collections.abc import Mapping

from crud_service.chassis.rate_limit import by_collection, by_operation, rate_limit
from crud_service.model.call import Middleware
from crud_service.model.errors import StartError
from crud_service.settings import Settings


def rates_of_operations(settings: Settings, classes: Mapping[str, str]) -> list[Middleware]:
    """What looks at the operation, as soon as a call comes; `classes` has the class of each.

    Raises StartError for a rate on an operation that there is not.
    """
    rules = [rule for rule in settings.rates if not rule.is_on_collections]
    try:
        return [rate_limit(by_operation(rules, classes))] if rules else []
    except ValueError as cause:
        raise StartError(f"rate_limits: {cause}") from cause


def rates_of_collections(settings: Settings) -> list[Middleware]:
    """What looks at the collection, once the request has been read."""
    rules = [rule for rule in settings.rates if rule.is_on_collections]
    return [rate_limit(by_collection(rules))] if rules else []
