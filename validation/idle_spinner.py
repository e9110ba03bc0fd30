"""A CPU that does not halt while a yardstick is measured.

On a virtual machine a CPU that has nothing to do is given back to the host, and an event for it then waits until the
host runs it again: milliseconds where the host is busy. That is neither the server's doing nor the generator's, and no
value by hand contains it."""
import contextlib
import os
import signal


@contextlib.contextmanager
def awake(cpu):
    """Inside a `with`, a process of the lowest class (SCHED_IDLE) spins on the CPU: all others go before it."""
    parent, child = os.getpid(), os.fork()
    if child == 0:
        _spin(cpu, parent)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _spin(cpu, parent):
    """Ends with its parent at the latest."""
    try:
        os.sched_setaffinity(0, {cpu})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while os.getppid() == parent:
            for _ in range(10_000):
                pass
    finally:
        os._exit(0)
