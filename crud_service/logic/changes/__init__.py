"""Readers of the change log: lists of changes and watches."""

from crud_service.logic.changes.listing import ChangeList
from crud_service.logic.changes.log_tail import LogTail
from crud_service.logic.changes.watch import Watching

__all__ = ["ChangeList", "LogTail", "Watching"]
