"""What the schema of a suite cannot say: `fanin` refuses such a suite too (harness/suite, tested by suites_agree_test.py)."""

import ctypes
import ctypes.util
import functools
import json
import re

from plots.document import Finding, option_table, schema_findings
from plots.json_file import json_path

# The keys of workloads, bounds of several together, and what the protocols are like, as fanin-load has them.
_KEYS = {each["key"]: each for each in option_table()["options"] if "is_key" in each}
_LIMITS = option_table()["limits"]
_PROTOCOLS = {each["name"]: each for each in option_table()["protocols"]}
_REPLY_ENDS = ("reply_delimiter", "reply_bytes", "reply_pattern")
_SETUP_ENDS = ("setup_reply_delimiter", "setup_reply_bytes", "setup_reply_pattern")
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
        if not server.get("build", ["-"])[0]:
            yield _finding((*path, "servers", index, "build"), "needs a program first")
    for index, experiment in enumerate(suite["experiments"]):
        here = (*path, "experiments", index)
        if "*" in experiment["servers"] and len(experiment["servers"]) > 1:
            yield _finding((*here, "servers"), "a server is given twice: * is all of them")
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
    elif key in ("warmup", "duration") or _has_type(key, "duration"):
        shortest = _KEYS[key]["min"] if key in _KEYS else 0
        if value != "auto" and duration_ns(value) > _MAX_NS:
            yield _finding(path, "is longer than a year")
        if value != "auto" and duration_ns(value) < shortest - 0.5:
            yield _finding(path, f"should be {shortest:.0f} ns or longer")
    elif _has_type(key, "pattern") and (problem := why_no_pattern(value)):
        yield _finding(path, f"is no regular expression (PCRE2): {problem}")


def _has_type(key, name):
    return key in _KEYS and _KEYS[key]["type"] == name


def _of_window(suite, experiment, path):
    duration = experiment.get("duration", suite.get("duration", "10s"))
    if duration_ns(duration) < 0.5:
        yield _finding(path, "the duration should be longer than nothing")
    if "ramp" in experiment["workload"] and experiment.get("warmup", suite.get("warmup")) == "auto":
        yield _finding(path, "the warmup auto waits for one steady rate, which a ramp does not have")


def _of_sweep(sweep, path):
    for index, value in enumerate(sweep["values"]):
        for found in schema_findings(value, "fanin-suite", f"workload_keys/properties/{sweep['parameter']}", 1):
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
    elif not _PROTOCOLS[workload["protocol"]]["mixes"]:
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


def _of_table(keys):
    """What the option table says of keys together."""
    given = {name for name, value in keys.items() if value not in (0, False)}
    for name in given & _KEYS.keys():
        protocols, needs = (_KEYS[name].get(rule, ()) for rule in ("protocols", "needs"))
        if protocols and keys["protocol"] not in protocols:
            yield f"{name} belongs to protocol {', '.join(protocols)}, and the protocol is {keys['protocol']}"
        if needs and not given.intersection(needs):
            yield f"{name} needs {' or '.join(needs)}"
        for other in given.intersection(_KEYS[name].get("excludes", ())):
            yield f"takes {name} or {other}, not both"


def _of_request(keys):
    yield from _of_table(keys)
    protocol = keys["protocol"]
    if protocol == "chat" and keys.get("payload_bytes", _LIMITS["stamped_bytes"]) < _LIMITS["stamped_bytes"]:
        yield f"protocol chat needs payload_bytes of at least {_LIMITS['stamped_bytes']}, for the stamp of its lines"
    if _count_fields(keys, "host") + ("host" in keys) > 1:
        yield "names the Host more than once"
    if any(low > high for low, high in re.findall(r"(\d+)-(\d+)", keys.get("expect_status", ""))):
        yield "expect_status has a range that ends before it begins"
    if protocol == "raw" and ("request" not in keys or sum(name in keys for name in _REPLY_ENDS) != 1):
        yield f"protocol raw needs request, and one of {', '.join(_REPLY_ENDS)}"
    setup_ends = sum(name in keys for name in _SETUP_ENDS)
    if setup_ends != 1 if "setup_request" in keys else setup_ends or "setup_expect" in keys:
        yield f"a set-up needs setup_request, and one of {', '.join(_SETUP_ENDS)}"


def _of_driver(keys):
    threaded = keys.get("driver") == "threads"
    paced = "send_bytes_per_s" in keys or "read_bytes_per_s" in keys
    connections = keys.get("connections", 20 if threaded else 10)
    threads = keys.get("threads", connections if threaded else 1)
    if threaded and (threads != connections or connections > _LIMITS["blocking_threads"]):
        yield f"the driver threads takes a thread for each of at most {_LIMITS['blocking_threads']} connections"
    if threads > connections:
        yield f"{threads} threads for {connections} connections"
    if threaded and (paced or keys.get("pipeline", 1) > 1):
        yield "pipeline, send_bytes_per_s and read_bytes_per_s need event loops, not the driver threads"
    if keys.get("timestamps") and keys.get("driver") in ("threads", "io-uring"):
        yield "timestamps need the driver epoll"
    if keys.get("mix_by_connection") and connections < len(keys.get("mix", ())):
        yield "mix_by_connection needs a connection for each class"
    if connections * keys.get("pipeline", 1) > _LIMITS["in_flight"]:
        yield f"connections times pipeline is above {_LIMITS['in_flight']}"


def _of_connections(keys):
    several = keys.get("verify_idle") or keys.get("pipeline", 1) > 1 or keys.get("requests_per_connection", 0) > 1
    if several and _PROTOCOLS[keys["protocol"]]["one_request_per_connection"]:
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
    if arrival in ("bursts", "trace"):
        yield "a ramp needs the arrival poisson or uniform"
    if not any(keys["ramp"].values()):
        yield "the ramp asks for nothing: one of its rates should be above 0"


def _finding(path, message):
    return Finding(json_path(path), message)


@functools.cache
def _pcre2():
    name = ctypes.util.find_library("pcre2-8")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.pcre2_compile_8.restype = ctypes.c_void_p
    library.pcre2_compile_8.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint32] + 3 * [ctypes.c_void_p]
    library.pcre2_code_free_8.argtypes = [ctypes.c_void_p]
    return library


def why_no_pattern(text):
    """What is wrong with a regular expression for fanin-load, as PCRE2 says: that of Python is another one.

    Empty: nothing, or there is no PCRE2 that could tell.
    """
    library = _pcre2()
    if library is None:
        return ""
    error, place = ctypes.c_int(), ctypes.c_size_t()
    content = text.encode("utf-8", "surrogatepass")
    code = library.pcre2_compile_8(content, len(content), 0, ctypes.byref(error), ctypes.byref(place), None)
    if code:
        library.pcre2_code_free_8(code)
        return ""
    message = ctypes.create_string_buffer(256)
    library.pcre2_get_error_message_8(error, message, ctypes.c_size_t(len(message)))
    return f"{message.value.decode()} at character {place.value + 1}"
