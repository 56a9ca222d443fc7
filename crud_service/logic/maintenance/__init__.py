"""What a node does on its own: end the lives that are over, forget what need not be kept, and build indexes."""

from crud_service.logic.maintenance.compaction import HistoryKept
from crud_service.logic.maintenance.maintenance import Maintenance

__all__ = ["HistoryKept", "Maintenance"]
