#!/usr/bin/env python3
"""Prints the man page of a program.

  packaging/man_page.py PROGRAM --server FILE --suites DIR --version V --date DATE --sections FILE [--command NAME]...

The options come from the program itself, the sections after them from a file."""
import argparse
import pathlib
import re

import program as programs

SEE_ALSO = ("fanin", "fanin-conformance", "fanin-load", "fanin-micro", "fanin-server")


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(['.])", r"\\&\1", text, flags=re.MULTILINE)


def bold(text):
    return f"\\fB{escape(text)}\\fR"


def italic(text):
    return f"\\fI{escape(text)}\\fR"


def sentence(text):
    """Names, such as io-uring or the protocol in `upper: ...`, keep their first letter."""
    if re.match(r"[a-z]+[ ,;]", text):
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", ")")) else text + "."


def describe(option):
    notes = [sentence(option.help)]
    if option.default not in ("", "none"):
        notes.append(f"Default: {option.default}.")
    if option.repeatable and "repeated" not in option.help:
        notes.append("May be repeated.")
    return " ".join(notes)


def heading(option):
    if option.positional:
        return italic(option.names[0])
    names = ", ".join(bold(name) for name in option.names)
    return names if option.flag else f"{names} {italic(option.type)}"


def list_options(command):
    """Arguments and common options first, then a subsection for each group."""
    groups = {"Arguments": [], "Options": []}
    for option in command.options:
        groups.setdefault("Arguments" if option.positional else option.group, []).append(option)
    for name, options in groups.items():
        if name not in ("Arguments", "Options"):
            yield f".SS {escape(name)}"
        for option in options:
            yield f".TP\n{heading(option)}\n{escape(describe(option))}"


def synopsis(path, command):
    words = [bold(" ".join(path))]
    if any(not option.positional for option in command.options):
        words.append(f"[{italic('OPTION')}]...")
    for option in command.options:
        if option.positional:
            word = italic(option.names[0])
            words.append(word if option.required else f"[{word}]")
    return " ".join(words)


def lines(program, arguments, names):
    title = program.name.upper()
    summary = program.help.removeprefix(f"{program.name}: ").partition(". ")[0].rstrip(".")
    yield f'.TH {escape(title)} 1 "{arguments.date}" "fanin {arguments.version}" "User Commands"'
    yield f".SH NAME\n{escape(program.name)} \\- {escape(summary[0].lower() + summary[1:])}"
    yield ".SH SYNOPSIS"
    pages = [((program.name,), program)] if any(o.positional for o in program.options) or not program.commands else []
    pages += [((program.name, command.name), command) for command in program.commands]
    yield "\n.br\n".join(synopsis(path, command) for path, command in pages)
    yield f".SH DESCRIPTION\n{escape(sentence(program.help.removeprefix(f'{program.name}: ')))}"
    yield ".SH OPTIONS"
    yield from list_options(program)
    for command in program.commands:
        yield f".SH THE COMMAND {escape(command.name.upper())}\n{escape(sentence(command.help))}"
        yield from list_options(command)
        if command.footer:
            yield f".PP\n.nf\n{escape(command.footer.rstrip())}\n.fi"
    if program.name == "fanin-server":
        for section, table in (("MODELS", names.models), ("PROTOCOLS", names.protocols)):
            yield f".SH {section}"
            for name, text in table.items():
                yield f".TP\n{bold(name)}\n{escape(sentence(text))}"
    if program.name == "fanin":
        yield f".SH SUITES\n{', '.join(bold(each) for each in names.suites)}."
    yield arguments.sections.read_text(encoding="utf-8").rstrip()
    others = ",\n".join(f".BR {escape(each)} (1)" for each in SEE_ALSO if each != program.name)
    yield ".SH SEE ALSO\n" + others.replace(",\n", " ,\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--server", required=True, help="fanin-server, which lists models and protocols")
    parser.add_argument("--suites", required=True, help="directory of the suites that are shipped")
    parser.add_argument("--version", required=True)
    parser.add_argument("--date", required=True)
    parser.add_argument("--sections", required=True, type=pathlib.Path, help="sections in man(7) that follow the options")
    parser.add_argument("--command", action="append", default=[], help="a command that describes itself alone")
    arguments = parser.parse_args()
    names = programs.Names.read(arguments.server, arguments.suites)
    for line in lines(programs.read(arguments.program, arguments.command), arguments, names):
        print(line)


if __name__ == "__main__":
    main()
