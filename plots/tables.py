"""python3 -m plots.tables [BUILD]: writes what schemas and documents take from the tables of the project.

- Options, `fanin-load options --json`: results/schema/load-options.json, the workloads in the schemas of suites and of
  load results, the options in docs/command-line.md, the keys in results/README.md.
- Metrics, results/schema/metrics.json: those of the schema of runs and of results/README.md.
- Models, `fanin-server list --json` and the heads of the model files: the table in README.md.

BUILD is a build directory; without it the newest builds are used. A document's part is between a line
`<!-- NAME: COMMAND -->` and `<!-- end of NAME -->`.
"""

from plots import programs

programs.require_modules("jsonschema")

import json
import re
import subprocess
import sys
from pathlib import Path

from plots.document import SCHEMA_DIR, metric_divisors, metric_table
from plots.json_file import InputError
from plots.programs import TOP, find_program

_WIDTH = 160
_TYPES = {
    "duration": "duration",
    "text": "text",
    "escaped_text": "text with C escapes",
    "pattern": "regular expression",
    "file": "file",
    "flag": "true or false",
    "texts": "list of texts",
    "ramp": '`{"from_per_s":1000,"to_per_s":5000}`',
    "mix": "list of classes, below",
}
_REQUIRES = re.compile(r"^// Requires: (.*(?:\n//  .*)*)", re.MULTILINE)
# The parts of documents, and what writes them.
COMMANDS = {
    "claims": "python3 -m plots.publish results/reference/claims/claims.json",
    "chart": "python3 -m plots.publish RUN",
    "findings": "python3 -m plots.publish RUN",
    "kernels": "python3 -m plots.publish results/reference/ledger/ledger.json.gz",
    "metrics": "python3 -m plots.tables",
    "models": "python3 -m plots.tables",
    "options": "python3 -m plots.tables",
    "selftest": "python3 -m plots.publish results/selftest/selftest.json",
    "simulation": "python3 -m plots.publish results/selftest/selftest.json",
    "stored runs": "python3 -m plots.publish results/selftest/selftest.json",
    "suite sessions": "python3 -m plots.publish results/selftest/selftest.json",
    "workload keys": "python3 -m plots.tables",
}


def markers(name):
    return f"<!-- {name}: {COMMANDS[name]} -->", f"<!-- end of {name} -->"


def replaced(text, name, content, path):
    """`text` with `content` between the markers of part `name`. Raises InputError where `path` has them not once."""
    begin, end = markers(name)
    for marker in (begin, end):
        if text.count(marker) != 1:
            raise InputError(f"{path}: it should have the line {marker} once")
    before, rest = text.split(begin)
    return f"{before}{begin}\n{content.strip()}\n{end}{rest.split(end)[1]}"


def make_files(options, top=TOP):
    """{path: text} of all files that are made from the tables, but for the copy of the generator's table."""
    options = _parse(json.dumps(options))
    made = {}
    for path, change in (
        (top / "results/schema/suite.schema.json", lambda definitions: _change_suite_schema(definitions, options)),
        (top / "results/schema/load.schema.json", lambda definitions: _change_load_schema(definitions, options)),
        (top / "results/schema/run.schema.json", _change_run_schema),
    ):
        schema = _parse(path.read_text(encoding="utf-8"))
        change(schema["$defs"])
        made[path] = _dump(schema) + "\n"
    for path, name, content in (
        (top / "docs/command-line.md", "options", _option_tables(options)),
        (top / "results/README.md", "workload keys", _key_table(options)),
        (top / "results/README.md", "metrics", _metric_table()),
    ):
        made[path] = replaced(made.get(path) or path.read_text(encoding="utf-8"), name, content, path)
    return made


def _change_run_schema(definitions):
    rows = metric_table().values()
    definitions["metric"]["enum"] = [row["name"] for row in rows]
    definitions["signed_metric"]["enum"] = [row["name"] for row in rows if "signed" in row]
    definitions["slope_metric"]["enum"] = [row["name"] for row in rows if "slope" in row]


def _parse(text):
    """Floats that are whole become integers."""
    return json.loads(text, parse_float=lambda digits: int(float(digits)) if float(digits).is_integer() else float(digits))


def _change_suite_schema(definitions, options):
    keys = [each for each in options if "is_key" in each]
    definitions["workload_keys"]["properties"] = {each["key"]: _key_schema(each) for each in keys}
    own = {name: definitions["class"]["properties"][name] for name in ("weight", "name")}
    of_class = {each["key"]: _key_schema(each) for each in keys if "in_class" in each}
    definitions["class"]["properties"] = {**own, **of_class}
    definitions["parameter"]["enum"] = [each["key"] for each in keys if each["type"] in ("count", "number")]


def _key_schema(option):
    """What a suite may say of a key."""
    kind = option["type"]
    if kind in ("count", "number"):
        bounds = {"minimum": option.get("min"), "exclusiveMinimum": option.get("above"), "maximum": option["max"]}
        return {"type": "integer" if kind == "count" else "number", **_given(bounds)}
    if kind == "ramp":
        rate = {"type": "number", "minimum": option["min"], "maximum": option["max"]}
        ends = ("from_per_s", "to_per_s")
        return {"type": "object", "additionalProperties": False, "required": list(ends), "properties": dict.fromkeys(ends, rate)}
    if "form" in option or kind in ("duration", "escaped_text", "file"):
        return {"$ref": f"#/$defs/{option.get('form', kind)}"}
    return {
        "choice": {"enum": option.get("words")},
        "flag": {"type": "boolean"},
        "mix": {"type": "array", "minItems": 2, "maxItems": 16, "items": {"$ref": "#/$defs/class"}},
    }.get(kind, {"type": "string", "minLength": 1})


def _change_load_schema(definitions, options):
    """The keys up to `mix` are the report's own; those behind it occur where their options were given."""
    properties = definitions["workload"]["properties"]
    names = list(properties)
    given = dict(_result_key(each) for each in options if "in_result" in each)
    own = {name: properties[name] for name in names[: names.index("mix") + 1] if name not in given}
    definitions["workload"]["properties"] = {**own, **given}


def _result_key(option):
    if option["type"] in ("count", "duration"):
        key = option["key"] + ("_ns" if option["type"] == "duration" else "")
        return key, {"description": option["help"], "type": "integer", "minimum": option["min"]}
    several = {"description": "one per line"} if option["type"] == "texts" else {}
    return option["key"], {**several, "type": "string"}


def _given(values):
    return {key: value for key, value in values.items() if value is not None}


def _dump(value, indent="", room=_WIDTH):
    """JSON with each object and list on one line where it fits."""
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, (dict, list)) or (indent and len(line) <= room):
        return line
    further = indent + "  "
    if isinstance(value, list) and not any(isinstance(each, (dict, list)) for each in value):
        return "[\n" + _fill([json.dumps(each, ensure_ascii=False) for each in value], further) + f"\n{indent}]"
    if isinstance(value, list):
        parts = [_dump(each, further, _WIDTH - len(further)) for each in value]
        return "[\n" + ",\n".join(further + part for part in parts) + f"\n{indent}]"
    names = {key: f"{json.dumps(key, ensure_ascii=False)}: " for key in value}
    parts = [name + _dump(value[key], further, _WIDTH - len(further) - len(name)) for key, name in names.items()]
    return "{\n" + ",\n".join(further + part for part in parts) + f"\n{indent}}}"


def _fill(words, indent):
    """Words with commas between, as many on a line as fit."""
    lines = [indent + words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) + 3 > _WIDTH:
            lines[-1] += ","
            lines.append(indent + word)
        else:
            lines[-1] += f", {word}"
    return "\n".join(lines)


def _option_tables(options):
    """A table for each group of the help."""
    groups = dict.fromkeys(each["group"] for each in options if "is_option" in each)
    parts = []
    for group in groups:
        rows = [_option_row(each) for each in options if "is_option" in each and each["group"] == group]
        parts.append("\n".join([f"| {group} | default | meaning |", "|--------|---------|---------|", *rows]))
    return "\n\n".join(parts)


def _option_row(option):
    names = f"{option['letter']}, {option['option']}" if "letter" in option else option["option"]
    value = f" {option['value']}".replace("|", "\\|") if "value" in option else ""
    repeated = ", repeatable" if "repeated" in option else ""
    meaning = ". ".join(option[key] for key in ("help", "details") if key in option)
    return f"| `{names}{value}`{repeated} | {option.get('default', '')} | {meaning} |"


def _key_table(options):
    rows = [_key_row(each) for each in options if "is_key" in each]
    head = ("| key | value | of a class | protocols | given to | meaning |", "|-----|-------|---|---|---|---------|")
    return "\n".join([*head, *rows])


def _key_row(option):
    protocols = ", ".join(f"`{name}`" for name in option.get("protocols", ()))
    programs = "both programs" if option["taken_by"] == "both" else f"`{option['taken_by']}`"
    in_class = "yes" if "in_class" in option else ""
    return f"| `{option['key']}` | {_key_type(option)} | {in_class} | {protocols} | {programs} | {option['help']} |"


def _key_type(option):
    if option["type"] == "choice":
        return ", ".join(f"`{word}`" for word in option["words"])
    if option["type"] == "count":
        return f"{option['min']:,} to {option['max']:,}"
    if option["type"] == "number":
        return f"above {option['above']:,.0f}, at most {option['max']:,.0f}"
    return _TYPES[option["type"]]


def _metric_table():
    head = ("| metric | unit | better | where a round holds it | meaning |", "|--------|------|---|---|---------|")
    return "\n".join([*head, *(_metric_row(row) for row in metric_table().values())])


def _metric_row(row):
    otherwise = f"; otherwise {_quotient(row['otherwise'])}" if "otherwise" in row else ""
    return f"| `{row['name']}` | {row['unit']} | {row['better']} | {_quotient(row)}{otherwise} | {row['meaning']} |"


def _quotient(source):
    places = " + ".join(f"`{place[1:].replace('/', '.')}`" for place in source["places"])
    return places + (f", divided by {metric_divisors()[source['per']]['meaning']}" if "per" in source else "")


def model_table(listing, top=TOP):
    """The models of `fanin-server list --json` (parsed) as a table, with the requirements in the heads of their files."""
    rows = ["| model | I/O and design | threads | requires |", "|---|---|---|---|"]
    for model in listing["models"]:
        path = f"servers/models/{model['name'].replace('-', '_')}.cc"
        found = _REQUIRES.search((top / path).read_text(encoding="utf-8"))
        if found is None:
            raise InputError(f"{path}: its head has no line // Requires: add it")
        requires = re.sub(r"\n//\s*", " ", found[1]).rstrip(".")
        each = "worker process" if model["worker_processes"] else "process" if "fork" in requires else None
        threads = model["threads"] + (f" per {each}" if each else "")
        rows.append(f"| [`{model['name']}`]({path}) | {model['summary']} | {threads} | {requires} |")
    return "\n".join(rows)


def list_models(program):
    """The output of `fanin-server list --json`, parsed."""
    done = subprocess.run([program, "list", "--json"], capture_output=True, check=True, text=True)
    return json.loads(done.stdout)


def _find(name, build):
    found = str(Path(build) / name) if build else find_program(name)
    if found is None:
        raise InputError(f"no {name} is built: run cmake --build --preset release, or name a build directory")
    return found


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) > 1:
        print("usage: python3 -m plots.tables [BUILD]", file=sys.stderr)
        return 2
    build = arguments[0] if arguments else None
    try:
        done = subprocess.run([_find("fanin-load", build), "options", "--json"], capture_output=True, check=True, text=True)
        models = model_table(list_models(_find("fanin-server", build)))
        (SCHEMA_DIR / "load-options.json").write_text(done.stdout, encoding="utf-8")
        readme = TOP / "README.md"
        made = make_files(json.loads(done.stdout)["options"])
        made[readme] = replaced(readme.read_text(encoding="utf-8"), "models", models, readme)
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
    except (InputError, OSError, subprocess.CalledProcessError) as error:
        print(f"plots.tables: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    programs.end_on_sigpipe()
    sys.exit(main())
