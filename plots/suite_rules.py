"""What the schema of a suite cannot say: `fanin` refuses such a suite too (harness/suite, tested by suites_agree_test.py)."""

import json
import re

from plots.document import Finding, json_path, schema_findings

# Keys that some protocols take; the programs refuse them with any other.
_OWN_KEYS = (
    (
        ("http",),
        "path host method headers body body_file expect_status expect_body expect_body_pattern root".split(),
    ),
    (
        ("raw",),
        "request reply_delimiter reply_pattern reply_limit_bytes expect greeting_delimiter greeting_pattern "
        "setup_request setup_reply_delimiter setup_reply_bytes setup_reply_pattern setup_expect".split(),
    ),
    (("upper",), ("suffix",)),
    (("goodbye",), ("reply",)),
    (("bulk", "raw"), ("reply_bytes",)),
    (("work",), ("work", "work_share")),
    (("echo", "upper", "discard", "goodbye", "work", "bulk"), ("payload",)),
    (("echo", "upper", "discard", "goodbye", "work", "bulk", "chat"), ("payload_bytes",)),
)
# As fanin-load has them.
_MAX_BLOCKING_THREADS = 20_000
_MAX_IN_FLIGHT = 100_000_000
_STAMPED_BYTES = 17
_ONE_REQUEST_PER_CONNECTION = ("greet", "discard")
_REPLY_ENDS = ("reply_delimiter", "reply_bytes", "reply_pattern")
_SETUP_ENDS = ("setup_reply_delimiter", "setup_reply_bytes", "setup_reply_pattern")
_SHORTEST_NS = {"timeout": 1, "trickle": 10e6}
_UNITS_NS = {"h": 3600e9, "m": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0, "": 1e9}
_MAX_NS = 365 * 24 * 3600 * 10**9


def duration_ns(text):
    """The nanoseconds of a duration that fits the schema."""
    return sum(float(number) * _UNITS_NS[unit] for number, unit in re.findall(r"([0-9.]+)([a-z]*)", text))


def findings(suite, path=()):
    """Yields a Finding for every rule that is broken; the suite must fit its schema."""
    yield from _of_texts(suite, path)
    for index, server in enumerate(suite["servers"]):
        command = server.get("command")
        if command and (not command[0] or not any("{port}" in word for word in command)):
            yield _finding((*path, "servers", index, "command"), "needs a program first, and {port} somewhere")
    for index, experiment in enumerate(suite["experiments"]):
        here = (*path, "experiments", index)
        if "*" in experiment["servers"] and len(experiment["servers"]) > 1:
            yield _finding((*here, "servers"), "a server stands here twice: * is all of them")
        yield from _of_window(suite, experiment, here)
        yield from _of_sweep(experiment["sweep"], (*here, "sweep", "values"))
        yield from _of_mix(experiment["workload"].get("mix", ()), (*here, "workload", "mix"))
        yield from _of_workloads(experiment, (*here, "workload"))


def _of_texts(value, path, key=""):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _of_texts(item, (*path, name), name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _of_texts(item, (*path, index))
    elif isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        yield _finding(path, "holds half of a character")
    elif isinstance(value, str) and "\0" in value:
        yield _finding(path, "holds a NUL (U+0000), at which an argument of a program ends")
    elif key in ("warmup", "duration", "work", "think_time", "timeout", "trickle"):
        if value != "auto" and duration_ns(value) > _MAX_NS:
            yield _finding(path, "is longer than a year")
        if value != "auto" and duration_ns(value) < _SHORTEST_NS.get(key, 0) - 0.5:
            yield _finding(path, f"should be {_SHORTEST_NS[key]:.0f} ns or longer")


def _of_window(suite, experiment, path):
    duration = experiment.get("duration", suite.get("duration", "10s"))
    if duration_ns(duration) < 0.5:
        yield _finding(path, "the duration should be longer than nothing")
    if "ramp" in experiment["workload"] and experiment.get("warmup", suite.get("warmup")) == "auto":
        yield _finding(path, "the warmup auto waits for one steady rate, which a ramp does not have")


def _of_sweep(sweep, path):
    for index, value in enumerate(sweep["values"]):
        for found in schema_findings(value, "fanin-suite", f"workload/properties/{sweep['parameter']}", 1):
            yield _finding((*path, index), found.message)


def _of_mix(mix, path):
    names = []
    for index, each in enumerate(mix):
        keys = {name: value for name, value in each.items() if name not in ("weight", "name")}
        names.append(each.get("name", json.dumps(keys, sort_keys=True)))
        if names[-1] in names[:-1]:
            yield _finding((*path, index), "another class has the same name")
        for name, value in each.items():
            if any(_cannot_be_quoted(text) for text in (value if isinstance(value, list) else [value])):
                yield _finding((*path, index, name), "needs quotes and has both kinds of them")


def _cannot_be_quoted(text):
    if not isinstance(text, str) or (" " not in text and text[0] not in "'\""):
        return False
    return "'" in text and '"' in text


def _of_workloads(experiment, path):
    workload = experiment["workload"]
    for value in experiment["sweep"]["values"]:
        swept = {**workload, experiment["sweep"]["parameter"]: value}
        found = [*_of_requests(swept), *_of_driver(swept), *_of_connections(swept), *_of_schedule(swept)]
        if found:  # once, not for every value
            yield _finding(path, found[0])
            return


def _of_requests(workload):
    if "mix" not in workload:
        yield from _of_request(workload)
    elif workload["protocol"] in ("chat", *_ONE_REQUEST_PER_CONNECTION):
        yield f"a mix needs replies of the client's own and several requests per connection: not {workload['protocol']}"
    for each in workload.get("mix", ()):
        if "reply_bytes" in each and workload["protocol"] != "raw":
            yield "reply_bytes is one for the whole server, no key of a class"
        yield from _of_request(_of_class(workload, each))


def _of_class(workload, each):
    """What a class takes: its headers come to those of the workload, and its Host rules over host."""
    merged = {**workload, **each}
    if _count_fields(each, "host") and "host" not in each:
        merged.pop("host", None)
    if "headers" in each:
        merged["headers"] = [*workload.get("headers", ()), *each["headers"]]
    return merged


def _count_fields(keys, name):
    return sum(header.lower().startswith(f"{name}:") for header in keys.get("headers", ()))


def _of_request(keys):
    protocol = keys["protocol"]
    for protocols, names in _OWN_KEYS:
        given = [name for name in names if name in keys]
        if given and protocol not in protocols:
            yield f"{', '.join(given)} belongs to protocol {', '.join(protocols)}, and the protocol is {protocol}"
    for one, other in (
        ("payload", "payload_bytes"),
        ("body", "body_file"),
        ("greeting_delimiter", "greeting_pattern"),
    ):
        if one in keys and other in keys:
            yield f"takes {one} or {other}, not both"
    if protocol == "chat" and keys.get("payload_bytes", _STAMPED_BYTES) < _STAMPED_BYTES:
        yield f"protocol chat needs payload_bytes of at least {_STAMPED_BYTES}, for the stamp of its lines"
    if _count_fields(keys, "host") + ("host" in keys) > 1:
        yield "names the Host more than once"
    if protocol == "raw" and ("request" not in keys or sum(name in keys for name in _REPLY_ENDS) != 1):
        yield f"protocol raw needs request, and one of {', '.join(_REPLY_ENDS)}"
    if "reply_limit_bytes" in keys and not {"reply_pattern", "greeting_pattern", "setup_reply_pattern"} & keys.keys():
        yield "reply_limit_bytes bounds replies that end by a pattern"
    setup_ends = sum(name in keys for name in _SETUP_ENDS)
    if setup_ends != 1 if "setup_request" in keys else setup_ends or "setup_expect" in keys:
        yield f"a set-up needs setup_request, and one of {', '.join(_SETUP_ENDS)}"


def _of_driver(keys):
    threaded = keys.get("driver") == "threads"
    paced = "send_bytes_per_s" in keys or "read_bytes_per_s" in keys
    connections = keys.get("connections", 20 if threaded else 10)
    threads = keys.get("threads", connections if threaded else 1)
    if threaded and (threads != connections or connections > _MAX_BLOCKING_THREADS):
        yield f"the driver threads takes a thread for each of at most {_MAX_BLOCKING_THREADS} connections"
    if threads > connections:
        yield f"{threads} threads for {connections} connections"
    if threaded and (paced or keys.get("pipeline", 1) > 1):
        yield "pipeline, send_bytes_per_s and read_bytes_per_s need event loops, not the driver threads"
    if keys.get("timestamps") and (paced or keys.get("driver") in ("threads", "io-uring")):
        yield "timestamps need the driver epoll, and neither send_bytes_per_s nor read_bytes_per_s"
    if connections * keys.get("pipeline", 1) > _MAX_IN_FLIGHT:
        yield f"connections times pipeline is above {_MAX_IN_FLIGHT}"


def _of_connections(keys):
    idle = keys.get("idle_connections", 0)
    if keys.get("verify_idle") and not idle:
        yield "verify_idle needs idle_connections above 0"
    if "trickle" in keys and (not idle or "requests" in keys):
        yield "trickle needs idle_connections above 0, and no requests"
    several = keys.get("verify_idle") or keys.get("pipeline", 1) > 1 or keys.get("requests_per_connection", 0) > 1
    if several and keys["protocol"] in _ONE_REQUEST_PER_CONNECTION:
        yield f"verify_idle, pipeline and requests_per_connection need several requests per connection: not {keys['protocol']}"
    closes = any(_count_fields(each, "connection") for each in (keys, *keys.get("mix", ())))
    if keys.get("close") == "server" and not keys.get("requests_per_connection") and not closes:
        yield "the close server needs requests_per_connection"


def _of_schedule(keys):
    arrival = keys.get("arrival")
    for name, needed in (("bursts", "burst_size"), ("trace", "trace")):
        if (arrival == name) != (needed in keys):
            yield f"the arrival {name} and {needed} go together"
    if arrival and not {"rate", "ramp", "trace"} & keys.keys():
        yield "arrival needs rate or ramp"
    if {"rate", "ramp", "trace"} & keys.keys() and duration_ns(keys.get("think_time", "0s")) >= 0.5:
        yield "think_time needs a closed loop"
    if "ramp" not in keys:
        return
    for name in ("rate", "requests"):
        if name in keys:
            yield f"takes ramp or {name}, not both"
    if arrival in ("bursts", "trace"):
        yield "a ramp needs the arrival poisson or uniform"
    if not any(keys["ramp"].values()):
        yield "the ramp asks for nothing: one of its rates should be above 0"


def _finding(path, message):
    return Finding(json_path(path), message)
