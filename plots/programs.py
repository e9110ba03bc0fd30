"""The programs that the charts need: a Python with their modules, and the built programs of the project."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from plots.json_file import InputError

TOP = Path(__file__).resolve().parent.parent
_CANDIDATES = ("/usr/bin/python3", "/usr/local/bin/python3")


def name_for_messages(module):
    """The program that the user ran: fanin, if it started this module (`fanin plot`), else the module."""
    return os.environ.get("FANIN_PROGRAM", module)


def run(module, work, describe=str):
    """Calls `work` and returns the exit code: 0, or 2 after one line for an InputError or an OSError.

    `describe`: the text of an OSError.
    """
    try:
        work()
    except InputError as error:
        print(f"{name_for_messages(module)}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{name_for_messages(module)}: {describe(error)}", file=sys.stderr)
        return 2
    return 0


def end_on_sigpipe():
    """Ends the program by SIGPIPE when nobody reads its output (python3 -m plots RUN | head), as other programs do.

    Python ignores the signal, and print would fail halfway.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def require_modules(*modules):
    """Returns if this Python has `modules`; otherwise restarts the program with one that has them, or exits with 2."""
    if all(importlib.util.find_spec(each) for each in modules):
        return
    chosen = os.environ.get("FANIN_PYTHON")
    for candidate in (chosen,) if chosen else _CANDIDATES:
        imports = "import " + ", ".join(modules) + "; print('a ' + 'python')"  # which other programs do not print
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


def find_program(name, top=TOP):
    """Returns the path of a program of the project, or None.

    Of a source tree it is the newest build, of an installation (PREFIX/share/fanin) that in PREFIX/bin, else the one in
    PATH.
    """
    built = sorted(top.glob(f"build/*/{name}"), key=lambda path: path.stat().st_mtime, reverse=True)
    installed = [top.parents[1] / "bin" / name] if top.parent.name == "share" else []
    found = (str(path) for path in [*built, *installed] if os.access(path, os.X_OK))
    return next(found, None) or shutil.which(name)
