"""What `cmake --install` puts into a prefix works from there. Arguments: the build directory.

The installation is in a temporary directory, and every program runs in another one."""

import ctypes
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD = Path(sys.argv.pop(1)).resolve()
PROGRAMS = ("fanin", "fanin-load", "fanin-server", "fanin-conformance")
BASELINES = ("minimal-epoll-server", "minimal-uring-server", "minimal-epoll-client", "minimal-uring-client", "minimal-connector")

# Sources a completion and completes the word that the cursor is on, the last argument.
BASH_COMPLETE = """
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
"""
# zsh completes only in a terminal: this types words and a tab into a shell, whose compadd prints the matches and which
# then ends.
ZSH_SHELL = r"""
PROMPT=
fpath=($FUNCTIONS $fpath)
autoload -U compinit; compinit -u -D
bindkey '^I' complete-word
comppostfuncs=(exit)
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  local -a matches; builtin compadd -A matches "$@"; print -rl -- "" MATCH:$^matches; builtin compadd "$@"
}
print READY
"""
ZSH_COMPLETE = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source $1"
zpty -r shell line $'*READY\r\n*'
zpty -w -n shell "$2"$'\t'
while zpty -r shell line; do print -r -- "${line%$'\r\n'}"; done
"""
COMPLETIONS = (
    (("fanin", ""), "run"),
    (("fanin", "run", "sm"), "smoke"),
    (("fanin", "run", "--o"), "--out"),
    (("fanin", "compare", "--vary", "cp"), "cpu"),
    (("fanin-load", "--pro"), "--protocol"),
    (("fanin-load", "--protocol", "ech"), "echo"),
    (("fanin-load", "--driver", "io"), "io-uring"),
    (("fanin-load", "calibrate", "--js"), "--json"),
    (("fanin-server", "io-uring-m"), "io-uring-multishot"),
    (("fanin-server", "epoll", "--steer", "so"), "source-ip"),
    (("fanin-conformance", "--model", "thread-p"), "thread-pool"),
)


class Installation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="fanin-install-")))
        cls.prefix = cls.scratch / "prefix"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True, stdout=subprocess.DEVNULL)
        cls.share = cls.prefix / "share"

    def run_installed(self, *arguments, **options):
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        return subprocess.run(
            [self.prefix / arguments[0], *map(str, arguments[1:])],
            **{"cwd": self.scratch, "env": environment, "capture_output": True, "text": True, "timeout": 120} | options,
        )

    def check(self, *arguments, codes=(0,), **options):
        done = self.run_installed(*arguments, **options)
        self.assertIn(done.returncode, codes, done.stderr)
        return done.stdout

    def long_options(self, name):
        described = [json.loads(self.check(f"bin/{name}", "--help-json"))]
        described += described[0]["commands"]
        if name == "fanin-load":
            described.append(json.loads(self.check(f"bin/{name}", "calibrate", "--help-json")))
        return {each["names"][-1] for command in described for each in command["options"]}

    # Would catch: suites or plots that are found only in the source tree, and results written next to the program.
    def test_a_run_and_its_charts_need_no_source(self):
        self.assertIn("smoke", self.check("bin/fanin", "list"))
        # 5: a busy machine made the cell invalid.
        self.check("bin/fanin", "run", "smoke", "--repetitions", 1, "--only", "echo-closed/epoll/10", codes=(0, 5))
        (run,) = (self.scratch / "results").iterdir()
        self.assertNotIn("failed", {cell["status"] for cell in json.loads((run / "run.json").read_text())["cells"]})
        self.check("bin/fanin", "plot", run, cwd="/")
        self.assertGreater((run / "charts" / "report.html").stat().st_size, 10000)
        environment = json.loads((run / "run.json").read_text())["environment"]["start"]
        self.assertNotIn(str(self.prefix), json.dumps(environment))

    # Would catch: an installation that breaks when the build directory is removed, or that tells whose it was.
    def test_no_file_names_the_build_directory(self):
        if "CMAKE_BUILD_TYPE:STRING=Release" not in (BUILD / "CMakeCache.txt").read_text():
            self.skipTest("assertions and debug information name source files")
        source = re.search("^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)[1]
        for path in self.prefix.rglob("*"):
            if path.is_file():
                contents = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
                for folder in (source, str(BUILD)):
                    self.assertFalse(folder.encode() in contents, f"{path} names {folder}")

    # Would catch: a man page that lacks an option, or that man(1) cannot render.
    def test_man_pages_have_every_option(self):
        for name in PROGRAMS:
            page = gzip.decompress((self.share / "man" / "man1" / f"{name}.1.gz").read_bytes()).decode()
            plain = page.replace("\\-", "-")
            for option in self.long_options(name):
                self.assertIn(option, plain, name)
            for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
                self.assertIn(f".SH {section}\n", page, name)

    def test_man_pages_are_clean(self):
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is not installed")
        for path in (self.share / "man" / "man1").iterdir():
            page = gzip.decompress(path.read_bytes()).decode()
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=page, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (0, ""), path.name)

    # Would catch: a completion that does not load, that lacks a table's names, or that takes a value for an option.
    def test_bash_completes_options_models_and_suites(self):
        for words, expected in COMPLETIONS:
            script = self.share / "bash-completion" / "completions" / words[0]
            done = subprocess.run(["bash", "-c", BASH_COMPLETE, "-", script, *words], capture_output=True, text=True)
            self.assertIn(expected, done.stdout.split(), (words, done.stderr))
            self.assertEqual(done.stderr, "", words)

    def test_fish_completes_options_models_and_suites(self):
        if not shutil.which("fish"):
            self.skipTest("fish is not installed")
        for words, expected in COMPLETIONS:
            script = self.share / "fish" / "vendor_completions.d" / f"{words[0]}.fish"
            command = f"source {script}; complete -C '{' '.join(words)}'"
            done = subprocess.run(["fish", "--no-config", "-c", command], capture_output=True, text=True)
            self.assertIn(expected, re.split(r"\s", done.stdout), (words, done.stderr))

    def test_zsh_completes_options_models_and_suites(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        shell = self.scratch / "shell.zsh"
        shell.write_text(ZSH_SHELL)
        environment = os.environ | {"FUNCTIONS": str(self.share / "zsh" / "vendor-completions")}
        for words, expected in COMPLETIONS:
            command = ["zsh", "-f", "-c", ZSH_COMPLETE, "-", shell, " ".join(words)]
            done = subprocess.run(
                command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, env=environment
            )
            self.assertIn(f"MATCH:{expected}", done.stdout.splitlines(), (words, done.stdout, done.stderr))

    # Would catch: a baseline that takes --help for a port.
    def test_baselines_say_how_they_are_called(self):
        for name in BASELINES:
            self.assertIn(f"usage: {name} ", self.check(f"libexec/fanin/{name}", "--help"))
            self.assertEqual(self.run_installed(f"libexec/fanin/{name}").returncode, 2)

    # Would catch: a plugin without the symbols that QEMU looks for, such as one built with all of them hidden.
    def test_the_plugin_has_what_qemu_looks_for(self):
        plugin = ctypes.CDLL(self.prefix / "libexec" / "fanin" / "fanin-ledger.so", mode=os.RTLD_LAZY)
        self.assertEqual(ctypes.c_int.in_dll(plugin, "qemu_plugin_version").value, 1)
        self.assertTrue(plugin.qemu_plugin_install)


if __name__ == "__main__":
    unittest.main()
