"""Finds the interpreter that has what the charts need: the python3 on PATH may lack it while the system's has it."""

import importlib.util
import os
import signal
import subprocess
import sys

_CANDIDATES = ("/usr/bin/python3", "/usr/local/bin/python3")


def end_quietly():
    """Lets the program end as others do when nobody reads what it prints any more (python3 -m plots RUN | head): by
    SIGPIPE, which shells show as 141. Python ignores the signal, and print then fails in the middle of something.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def require(*modules):
    """Returns where this interpreter has `modules`; else starts the program anew with one that has, or ends with 2."""
    if all(importlib.util.find_spec(each) for each in modules):
        return
    wish = os.environ.get("FANIN_PYTHON")
    for candidate in (wish,) if wish else _CANDIDATES:
        imports = "import " + ", ".join(modules) + "; print('a ' + 'python')"  # which other programs do not say
        if os.path.exists(candidate) and candidate != sys.executable:
            done = subprocess.run([candidate, "-c", imports], capture_output=True, check=False)
            if done.returncode == 0 and done.stdout == b"a python\n":
                os.execv(candidate, [candidate, *sys.orig_argv[1:]])
    missing = ", ".join(each for each in modules if not importlib.util.find_spec(each))
    print(
        f"{sys.executable} has no {missing}: run ./bootstrap.sh, or name an interpreter: FANIN_PYTHON=/path/to/python3",
        file=sys.stderr,
    )
    sys.exit(2)
