"""Keep a CPU out of HLT during a measurement.

On a virtual machine a halted CPU goes back to the host. An event for it then waits until the host schedules it again,
which takes milliseconds on a busy host. This delay belongs neither to the server nor to the generator, and no analytic
value contains it."""
import contextlib
import os
import signal


@contextlib.contextmanager
def out_of_halt(cpu):
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
