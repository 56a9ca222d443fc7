"""Starts a system as a process group of its own, waits until it answers, and reads what it costs from /proc."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

_TICKS = os.sysconf("SC_CLK_TCK")
_GROUP, _USER_TICKS, _SYSTEM_TICKS = 2, 11, 12  # places in /proc/PID/stat, counted after the command's name


class BenchError(Exception):
    """The benchmark cannot go on; the message says why and what to do."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One running system. Use it as a context manager: it is gone afterwards, with all its workers."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        """Start `argv` in `folder`, with `env` added to the environment and all output in `output.log`."""
        self.log = folder / "output.log"
        self._command = " ".join(argv)
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                argv, env=os.environ | env, cwd=folder, stdout=output, stderr=output, start_new_session=True
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def wait_until(self, ready: Callable[[], bool], patience: float = 30.0) -> None:
        """Return as soon as `ready()`. Raises BenchError when the process ends or `patience` seconds are over."""
        end = time.monotonic() + patience
        while not ready():
            if self._child.poll() is not None and not ready():
                raise self._error(f"ended with {self._child.returncode}")
            if time.monotonic() > end:
                raise self._error(f"was not ready after {patience} s")
            time.sleep(0.005)

    def ended(self) -> bool:
        """Whether it has ended by itself, with success."""
        return self._child.poll() == 0

    def tail(self) -> str:
        """The last lines of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])

    def cpu_seconds(self) -> float:
        """CPU time of all its live processes so far."""
        ticks = 0
        for stat in self._stats():
            ticks += int(stat[_USER_TICKS]) + int(stat[_SYSTEM_TICKS])
        return ticks / _TICKS

    def memory(self) -> tuple[float, float]:
        """Resident memory of the process itself, now and at its peak, in MB (10^6 bytes)."""
        lines = Path(f"/proc/{self._child.pid}/status").read_text().splitlines()
        sizes = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
        return int(sizes["VmRSS"]) * 1024 / 1e6, int(sizes["VmHWM"]) * 1024 / 1e6

    def stop(self) -> None:
        """End it: politely, then not."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)  # workers that stayed behind
        self._child.wait()

    def _error(self, what: str) -> BenchError:
        return BenchError(f"{self._command} {what}, see {self.log}:\n{self.tail()}")

    def _stats(self) -> list[list[str]]:
        stats = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[_GROUP]) == self._child.pid:
                stats.append(fields)
        return stats


def machine_seconds() -> tuple[float, float]:
    """CPU time of the whole machine so far: (spent by anybody, there was)."""
    # user, nice, system, idle, iowait, irq, softirq, steal
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / _TICKS, sum(ticks) / _TICKS


def answers(url: str) -> bool:
    """Whether a GET of `url` gives a 2xx."""
    try:
        with urlopen(url, timeout=5) as reply:
            return bool(reply.status < 300)
    except (URLError, OSError):
        return False


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
