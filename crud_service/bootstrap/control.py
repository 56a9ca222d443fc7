"""What an operator may do with a node that runs: look at it, drain it, change what it logs."""

import logging
from collections.abc import Callable

from msgspec.structs import replace

from crud_service.bootstrap.life_cycle import LifeCycle
from crud_service.chassis.action_log import ActionLog
from crud_service.model.errors import StartError
from crud_service.model.events import Emit, EventKind, no_events
from crud_service.model.ports.node_control import LOG_LEVELS
from crud_service.model.record import NodeInfo
from crud_service.settings import Settings

_LOG = "crud_service"


class Control:
    """The port `NodeControl`, and what SIGHUP does. `load` reads the settings as a start would."""

    def __init__(
        self,
        node: NodeInfo,
        settings: Settings,
        life_cycle: LifeCycle,
        calls: ActionLog,
        load: Callable[[], Settings],
        emit: Emit = no_events,
    ) -> None:
        self._node = node
        self._settings = settings
        self._life_cycle = life_cycle
        self._calls = calls
        self._load = load
        self._emit = emit
        self._level: str = settings.log_level
        calls.level = self._level

    @property
    def info(self) -> NodeInfo:
        """What the node is, and the state it is in now."""
        return replace(self._node, log_level=self._level, draining=self._life_cycle.is_draining)

    def drain(self) -> None:
        """Have the node leave; it runs until it is stopped."""
        self._life_cycle.drain()

    def set_log_level(self, level: str) -> None:
        """Log from this level on."""
        before, self._level = self._level, level
        log, message = logging.getLogger(_LOG), "the log level is %s; it was %s"
        gets_quieter = LOG_LEVELS.index(level) > LOG_LEVELS.index(before)
        if gets_quieter:  # afterwards nobody would see it
            log.info(message, level, before)
        log.setLevel(level.upper())
        self._calls.level = level
        if not gets_quieter:
            log.info(message, level, before)
        if level != before:
            self._emit(EventKind.SETTING_CHANGED, {"setting": "log_level", "from": before, "to": level})

    def reload(self) -> None:
        """Read the settings again, and take the log level from them. What else has changed needs a new start."""
        log = logging.getLogger(_LOG)
        try:
            found = self._load()
        except StartError as error:
            log.warning("the settings cannot be read again, and stay as they are: %s", error)
            return
        self.set_log_level(found.log_level)
        changed = [name for name in Settings.model_fields if getattr(found, name) != getattr(self._settings, name)]
        others = [name for name in changed if name != "log_level"]
        if others:
            log.warning("changed settings that count from the next start on: %s", ", ".join(others))
