"""The options of a program, from `PROGRAM --help-json`, and the values that they take."""

import dataclasses
import json
import pathlib
import re
import subprocess

# Options whose value is the name of a file or directory.
PATHS = frozenset(
    "--json --out --resume --server-binary --load-binary --server --root --micro run "
    "first second suite".split()
)


@dataclasses.dataclass(frozen=True)
class Option:
    """An option or a positional argument."""

    names: list
    positional: bool
    required: bool
    repeatable: bool
    flag: bool
    type: str
    default: str
    group: str
    help: str

    @property
    def choices(self):
        """The words of a value such as `N|auto` or `bursts:N|trace:FILE`, up to the part that varies."""
        words = [re.match(r"[a-z0-9:-]*", each)[0] for each in self.type.split("|")]
        return [each for each in words if each] if "|" in self.type else []

    @property
    def is_path(self):
        return self.type == "FILE" or self.names[-1] in PATHS


@dataclasses.dataclass(frozen=True)
class Command:
    """A program, or a command of it."""

    name: str
    help: str
    footer: str
    options: list
    commands: list


def parse(document):
    options = [Option(**each) for each in document["options"]]
    commands = [parse(each) for each in document["commands"]]
    return Command(document["name"].split()[-1], document["help"], document["footer"], options, commands)


def without_help(command):
    """Every command has --help; saying so once is enough."""
    return dataclasses.replace(command, options=[each for each in command.options if each.names[-1] != "--help"])


def read(path, commands):
    """The program at `path`. Of `commands` each describes itself alone, as `PROGRAM COMMAND --help-json`."""

    def ask(*arguments):
        return parse(json.loads(subprocess.check_output([path, *arguments, "--help-json"])))

    program = ask()
    commands = [*program.commands, *(ask(each) for each in commands)]
    return dataclasses.replace(program, commands=[without_help(each) for each in commands])


@dataclasses.dataclass(frozen=True)
class Names:
    """Names that options take: the tables of the server, and the suites that are shipped."""

    models: dict
    protocols: dict
    suites: list

    @classmethod
    def read(cls, server, suites):
        listing = json.loads(subprocess.check_output([server, "list", "--json"]))
        models, protocols = ({each["name"]: each["summary"] for each in listing[key]} for key in ("models", "protocols"))
        return cls(models, protocols, sorted(path.stem for path in pathlib.Path(suites).glob("*.json")))

    def of(self, option, program):
        """The values that an option takes, as a list; empty if they cannot be listed."""
        name = option.names[-1]
        if name == "--protocol":
            return [*self.protocols, "raw"] if program == "fanin-load" else [*self.protocols]
        known = {"MODEL": ["list", *self.models], "--model": [*self.models], "suite": self.suites}
        return option.choices or known.get(name, [])
