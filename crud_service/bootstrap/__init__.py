"""The composition root: builds a node out of settings, part by part, and runs it."""

from crud_service.bootstrap.node import Node
from crud_service.bootstrap.process import one_line_errors, run
from crud_service.bootstrap.stores import open_store

__all__ = ["Node", "one_line_errors", "open_store", "run"]
