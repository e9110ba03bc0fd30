#!/usr/bin/env python3
"""Writes the completions of a program for bash, zsh and fish.

  packaging/completions.py PROGRAM --server FILE --suites DIR --out DIR [--command NAME]...

The options come from the program itself. DIR gets PROGRAM.bash, _PROGRAM and PROGRAM.fish."""
import argparse
import pathlib
import re

import program as programs


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def levels(program):
    """Each command with its name; the program itself has the name ''."""
    yield "", program
    for command in program.commands:
        yield command.name, command


class Bash:
    """One function for each program: the words depend on the command and on the word before."""

    def __init__(self, program, names):
        self.program, self.names = program, names

    def text(self):
        function = "_" + self.program.name.replace("-", "_")
        values, words = [], []
        for name, command in levels(self.program):
            values += self.values(name, command)
            words.append(f'    {quoted(name)}) words="{self.words(command)}"{self.paths(command)} ;;')
        commands = "|".join(each.name for each in self.program.commands)
        find = FIND.format(commands=commands) if commands else ""
        return BASH.format(
            program=self.program.name, function=function, find=find, values="\n".join(values), words="\n".join(words)
        )

    def values(self, name, command):
        """What follows an option that takes a value."""
        for option in command.options:
            if option.positional or option.flag:
                continue
            listed = self.names.of(option, self.program.name)
            action = f'words="{" ".join(listed)}"' if listed else "files=yes" if option.is_path else ":"
            yield f"    {'|'.join(f'{name}:{each}' for each in option.names)}) {action}; options=no ;;"

    def words(self, command):
        words = [each.name for each in command.commands]
        for option in command.options:
            words += self.names.of(option, self.program.name) if option.positional else option.names
        return " ".join(words)

    def paths(self, command):
        return " files=yes" if any(each.positional and each.is_path for each in command.options) else ""


BASH = """# bash completion for {program}
{function}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local command= word words= files=no options=yes
  if [[ $current == = ]]; then current=
  elif [[ $before == = ]]; then before=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
{find}  case $command:$before in
{values}
  esac
  if [[ $options == yes ]]; then
    case $command in
{words}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [[ $files == yes && $current != -* ]]; then
    mapfile -t -O "${{#COMPREPLY[@]}}" COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
  fi
}}
complete -F {function} {program}
"""

FIND = """  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in {commands}) command=$word; break ;; esac
  done
"""


class Zsh:
    """Specifications for _arguments; a program with commands describes each in a state."""

    def __init__(self, program, names):
        self.program, self.names = program, names

    def text(self):
        lines = [f"#compdef {self.program.name}"]
        if not self.program.commands:
            return "\n".join([*lines, f"_arguments -s \\\n{self.specifications(self.program)}", ""])
        lines += ["local state line context", "typeset -A opt_args", "local -a commands=("]
        lines += [f"  {quoted(each.name + ':' + self.escape(each.help))}" for each in self.program.commands]
        lines.append(")")
        own = self.specifications(self.program)
        lines.append(f"_arguments -C \\\n{own} \\\n  '1: :->first' \\\n  '*:: :->rest'")
        lines.append("case $state in\nfirst) _describe command commands ;;")
        lines.append("rest)\n  case ${words[1]} in")
        for command in self.program.commands:
            lines.append(f"  {command.name}) _arguments -s \\\n{self.specifications(command)} ;;")
        if any(each.positional for each in self.program.options):
            lines.append(f"  *) _arguments -s \\\n{own} ;;")
        return "\n".join([*lines, "  esac ;;", "esac", ""])

    @staticmethod
    def escape(text):
        return re.sub(r"([\[\]:\\])", r"\\\1", text)

    def action(self, option):
        """How the value is completed; a blank shows only the name of the option."""
        listed = " ".join(self.names.of(option, self.program.name))
        if option.is_path:
            return f"{{compadd -- {listed}; _files}}" if listed else "_files"
        return f"({listed})" if listed else " "

    def specifications(self, command):
        lines = []
        for option in command.options:
            action = self.action(option)
            label = self.escape(option.names[-1].lstrip("-"))
            if option.positional:
                if not self.program.commands or command is not self.program:
                    lines.append(f"  {quoted(f'{chr(42) if option.repeatable else str()}:{label}:{action}')}")
                continue
            value = "" if option.flag else f":{label}:{action}"
            others = "*" if option.repeatable else f"({' '.join(option.names)})"
            for name in option.names:
                equals = "=" if name.startswith("--") and not option.flag else ""
                lines.append(f"  {quoted(f'{others}{name}{equals}[{self.escape(option.help)}]{value}')}")
        return " \\\n".join(lines)


class Fish:
    """A `complete` for each option, with a condition for those of a command."""

    def __init__(self, program, names):
        self.program, self.names = program, names

    def text(self):
        lines = [f"complete -c {self.program.name} -f"]
        known = " ".join(each.name for each in self.program.commands)
        for name, command in levels(self.program):
            condition = f"__fish_seen_subcommand_from {name}" if name else known and f"not __fish_seen_subcommand_from {known}"
            start = f"complete -c {self.program.name}" + (f" -n {quoted(condition)}" if condition else "")
            lines += [f"{start} -a {each.name} -d {quoted(each.help)}" for each in command.commands]
            lines += [f"{start} {self.option(each)}" for each in command.options]
        return "\n".join([*lines, ""])

    def option(self, option):
        words = []
        if not option.positional:
            words += [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
            words.append(f"-d {quoted(option.help)}")
        if option.flag:
            return " ".join(words)
        listed = self.names.of(option, self.program.name)
        words += [] if option.positional else ["-r"]
        words.append("-F" if option.is_path else "-f")
        return " ".join(words + ([f"-a {quoted(' '.join(listed))}"] if listed else []))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--server", required=True, help="fanin-server, which lists models and protocols")
    parser.add_argument("--suites", required=True, help="directory of the suites that are shipped")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--command", action="append", default=[], help="a command that describes itself alone")
    arguments = parser.parse_args()
    program = programs.read(arguments.program, arguments.command)
    names = programs.Names.read(arguments.server, arguments.suites)
    for shell, name in ((Bash, f"{program.name}.bash"), (Zsh, f"_{program.name}"), (Fish, f"{program.name}.fish")):
        (arguments.out / name).write_text(shell(program, names).text(), encoding="utf-8")


if __name__ == "__main__":
    main()
