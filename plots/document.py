"""Checks documents against the schemas in results/schema/."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import jsonschema

from plots.json_file import InputError, json_path, read_json
from plots.text import clean

SCHEMA_DIR = Path(__file__).resolve().parent.parent / "results" / "schema"
SCHEMA_FILES = {
    "fanin-suite": "suite.schema.json",
    "fanin-claim": "claim.schema.json",
    "fanin-load": "load.schema.json",
    "fanin-load-sweep": "load-sweep.schema.json",
    "fanin-load-interleaving": "load-interleaving.schema.json",
    "fanin-load-search": "load-search.schema.json",
    "fanin-load-live": "load-live.schema.json",
    "fanin-calibration": "calibration.schema.json",
    "fanin-run": "run.schema.json",
    "fanin-comparison": "comparison.schema.json",
    "fanin-verdict": "verdict.schema.json",
    "fanin-claims": "claims.schema.json",
    "fanin-claims-plan": "claims-plan.schema.json",
    "fanin-claims-unit": "claims-unit.schema.json",
    "fanin-validation": "validation.schema.json",
    "fanin-doctor": "doctor.schema.json",
    "fanin-drift": "drift.schema.json",
    "fanin-selftest": "selftest.schema.json",
    "fanin-ledger": "ledger.schema.json",
}
_BUCKET_REF = {"$ref": "#/$defs/bucket"}
_NODE_REF = {"$ref": "#/$defs/node"}


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a document: `place` is a JSON path such as $.rounds[3].load, `message` one line."""

    place: str
    message: str

    def __str__(self):
        return clean(f"{self.place}: {self.message}")


def _all_plain_buckets(value):
    # A run has hundreds of thousands of buckets; jsonschema takes minutes for them. This accepts only what the schema
    # accepts; jsonschema checks the rest and finds the message.
    return all(
        type(item) is list
        and len(item) == 2
        and type(item[0]) is int
        and type(item[1]) is int
        and item[0] >= 0
        and item[1] >= 1
        for item in value
    )


def _all_plain_nodes(value):
    # A ledger has as many nodes.
    return all(
        type(item) is list
        and len(item) == 4
        and all(type(each) is int for each in item)
        and item[0] >= -1
        and item[1] >= 0
        and 0 <= item[2] <= 3
        and item[3] >= 0
        for item in value
    )


def _items(validator, items, instance, schema):
    if isinstance(instance, list) and (
        items == _BUCKET_REF and _all_plain_buckets(instance) or items == _NODE_REF and _all_plain_nodes(instance)
    ):
        return
    yield from jsonschema.Draft202012Validator.VALIDATORS["items"](validator, items, instance, schema)


def _pattern(validator, pattern, instance, schema):
    # $ is the end, as in ECMA-262 and `fanin`; in Python it also matches before a last newline.
    yield from jsonschema.Draft202012Validator.VALIDATORS["pattern"](
        validator, pattern.replace("$", r"\Z"), instance, schema
    )


def _is_integer(checker, value):
    # 1.0 is no integer, as for `fanin`.
    return isinstance(value, int) and not isinstance(value, bool)


@functools.cache
def _schemas():
    loaded = {}
    for kind, name in SCHEMA_FILES.items():
        schema = read_json(SCHEMA_DIR / name)
        jsonschema.Draft202012Validator.check_schema(schema)
        # At a $schema jsonschema creates a validator of its own, without our shortcut.
        del schema["$schema"]
        loaded[kind] = schema
    return loaded


@functools.cache
def _validator(kind, definition=None):
    schemas = _schemas()
    schema = schemas[kind]
    if definition:
        schema = {"$ref": f"{schema['$id']}#/$defs/{definition}"}
    cls = jsonschema.validators.extend(
        jsonschema.Draft202012Validator,
        {"items": _items, "pattern": _pattern},
        type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
    )
    try:
        import referencing
        import referencing.jsonschema
    except ImportError:
        store = {each["$id"]: each for each in schemas.values()}
        return cls(schema, resolver=jsonschema.RefResolver(schema.get("$id", ""), schema, store=store))
    pairs = [(each["$id"], referencing.jsonschema.DRAFT202012.create_resource(each)) for each in schemas.values()]
    return cls(schema, registry=referencing.Registry().with_resources(pairs))


def _leaf(error):
    """The error to report: for anyOf and oneOf the innermost one of the nearest branch."""
    while error.context:
        branches = {}
        for each in error.context:
            branches.setdefault(each.schema_path[0], []).append(each)
        # The nearest branch accepts the value's type and has the fewest errors.
        nearest = min(branches.values(), key=lambda errors: (_is_wrong_kind(errors), len(errors)))
        error = nearest[0]
    return error


def _is_wrong_kind(errors):
    return any(each.validator in ("type", "const") and not each.relative_path for each in errors)


def _wording(error):
    value = error.instance
    if error.schema is False or error.validator is None:
        return "this key is not permitted here"
    if error.validator == "required":
        # Each missing key is an error; only its message names the key.
        key = next(key for key in error.validator_value if error.message.startswith(repr(key)))
        return f'there is no key "{key}"'
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        return f'no key "{next(key for key in value if key not in known)}" is known here'
    shown = json.dumps(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    if error.validator == "type":
        return f"{shown} should be {_either(error.validator_value)}"
    if error.validator == "enum":
        return f"{shown} should be one of {', '.join(json.dumps(each) for each in error.validator_value)}"
    if error.validator == "const":
        return f"{shown} should be {json.dumps(error.validator_value)}"
    if error.validator == "pattern":
        return f"{shown} does not have the form {error.validator_value}"
    if error.validator in ("minLength", "minItems"):
        return f"{shown} is too short: at least {error.validator_value}"
    return error.message if len(error.message) <= 160 else f"{shown} breaks the rule {error.validator}"


def _either(kinds):
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def check_kind(document, origin):
    """Returns the document's "schema" key after checking that and the version. Raises InputError otherwise."""
    if not isinstance(document, dict):
        raise InputError(f'{origin}: $: should be an object with a key "schema"')
    kind = document.get("schema")
    if isinstance(kind, str) and kind.startswith("fanin-") and kind not in SCHEMA_FILES:
        raise InputError(f"{origin}: $.schema: {json.dumps(kind)[:60]} was written by another version of fanin: run it again")
    if not isinstance(kind, str) or kind not in SCHEMA_FILES:
        known = ", ".join(SCHEMA_FILES)
        found = "there is none" if kind is None else f"it is {json.dumps(kind)[:60]}"
        raise InputError(f"{origin}: $.schema: {found}: it should be one of {known}")
    wanted = _schemas()[kind]["properties"]["schema_version"]["const"]
    version = document.get("schema_version")
    if isinstance(version, int) and not isinstance(version, bool) and 1 <= version < wanted:
        remedy = "rename its keys as in results/README.md" if kind == "fanin-suite" else "run it again"
        older = f"written by an older fanin (version {version}, this one reads {wanted})"
        raise InputError(f"{origin}: $.schema_version: {older}: {remedy}")
    if version != wanted or isinstance(version, bool):
        found = "there is none" if version is None else f"it is {json.dumps(version)[:60]}"
        raise InputError(f"{origin}: $.schema_version: {found}: this program reads version {wanted} of {kind}")
    return kind


@functools.cache
def option_table():
    """What `fanin-load options --json` prints: its "options", which are also the keys of workloads, and "protocols"."""
    return read_json(SCHEMA_DIR / "load-options.json")


@functools.cache
def metric_table():
    """{name: row} of results/schema/metrics.json, in its order.

    A row has the `unit`, the `better` direction, the `places` in a round whose sum it is (JSON pointers; `/*` at the end:
    all numbers there, `/*max`: the largest), and its texts: `label` in notes, `heading` of a panel or column, `meaning`
    in documents. `per`: the name of its divisor; `otherwise`: the places and the divisor for rounds without the former;
    `slope`: has one over idle connections; `signed`: may be negative.
    """
    return {row["name"]: row for row in read_json(SCHEMA_DIR / "metrics.json")["metrics"]}


@functools.cache
def metric_divisors():
    """{name: divisor} of results/schema/metrics.json: its `meaning`, and the `places` whose sum it is.

    `places` are several lists; the first one counts whose places all have a number.
    """
    return read_json(SCHEMA_DIR / "metrics.json")["divisors"]


def schema_findings(document, kind, definition=None, limit=10):
    """Returns up to `limit` Findings of `document` against the schema `kind` (or one of its $defs)."""
    errors = []
    for error in _validator(kind, definition).iter_errors(document):
        leaf = _leaf(error)
        errors.append(Finding(json_path(leaf.absolute_path), _wording(leaf)))
        if len(errors) >= limit:
            break
    return errors
