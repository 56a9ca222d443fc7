"""Any number of records in one call: imports and exports."""

from crud_service.logic.bulk.exporting import Exporting
from crud_service.logic.bulk.importing import Importing

__all__ = ["Exporting", "Importing"]
