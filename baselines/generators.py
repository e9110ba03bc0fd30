"""The load generators that are compared: command lines, and the completed requests in their reports.

Every parse function takes the generator's output and raises ValueError if a request failed, since failed requests are
cheap."""
import dataclasses
import json
import re
import shutil
import subprocess


@dataclasses.dataclass(frozen=True)
class Generator:
    name: str
    command: tuple  # with {port}, {connections}, {seconds} and {build}
    parse: object  # output -> requests completed
    package: str  # of Debian, or the target to build

    def argv(self, values):
        return [word.format(**values) for word in self.command]


class OtherDriver(ValueError):
    """fanin-load fell back to another driver than requested."""


def parse_minimal(text):
    return json.loads(text)["requests"]


def parse_fanin(driver):
    """A parser that refuses the result of another driver, which fanin-load falls back to on some kernels."""

    def parse(text):
        result = json.loads(text)
        if result["workload"]["driver"] != driver:
            raise OtherDriver(f"it ran with the driver {result['workload']['driver']} instead of {driver}")
        if result["requests"]["failed"] or result["requests"]["unanswered"]:
            raise ValueError(f"requests failed: {result['errors']}")
        return result["requests"]["completed"]

    return parse


def _number(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise ValueError(f"its report has no line like '{pattern}'")
    return int(found.group(1))


def parse_wrk(text):
    if "Non-2xx" in text or "Socket errors" in text:
        raise ValueError("it reports errors")
    return _number(r"^\s*(\d+) requests in", text)


def parse_h2load(text):
    done = _number(r"^requests: .* (\d+) done,", text)
    if done != _number(r"^status codes: (\d+) 2xx", text):
        raise ValueError("it reports errors")
    return done


def parse_ab(text):
    complete = _number(r"^Complete requests:\s+(\d+)", text)
    if _number(r"^Failed requests:\s+(\d+)", text) or "Non-2xx" in text:
        raise ValueError("it reports errors")
    if _number(r"^Keep-Alive requests:\s+(\d+)", text) != complete:
        raise ValueError("it did not keep its connections alive")
    return complete


def parse_hey(text):
    if "Error distribution" in text or len(re.findall(r"^\s+\[\d+\]\s+\d+ responses", text, re.MULTILINE)) != 1:
        raise ValueError("it reports errors")
    answered = _number(r"^\s+\[200\]\s+(\d+) responses", text)
    if answered >= 1_000_000:
        raise ValueError("it keeps only a million results: give fewer --seconds")
    return answered


def _fanin(driver, *more):
    command = (
        "{build}/fanin-load",
        "127.0.0.1:{port}",
        "--driver",
        driver,
        "-c",
        "{connections}",
        "--warmup",
        "0",
        "--duration",
        "{seconds}s",
        "--quiet",
        "--json",
        "-",
        *more,
    )
    return Generator(f"fanin-load {driver}", command, parse_fanin(driver), "the target fanin-load")


FILE = "/file.bin"
_URL = "http://127.0.0.1:{port}" + FILE
ECHO = (
    Generator(
        "minimal-epoll-client",
        ("{build}/minimal-epoll-client", "{port}", "{connections}", "{seconds}", "{trigger}"),
        parse_minimal,
        "the target minimal-epoll-client",
    ),
    Generator(
        "minimal-uring-client",
        ("{build}/minimal-uring-client", "{port}", "{connections}", "{seconds}"),
        parse_minimal,
        "the target minimal-uring-client",
    ),
    Generator(
        "minimal-uring-client record",
        ("{build}/minimal-uring-client", "{port}", "{connections}", "{seconds}", "record"),
        parse_minimal,
        "the target minimal-uring-client",
    ),
    _fanin("epoll", "--payload-bytes", "64"),
    _fanin("io-uring", "--payload-bytes", "64"),
)
HTTP = (
    _fanin("epoll", "--protocol", "http", "--path", FILE),
    _fanin("io-uring", "--protocol", "http", "--path", FILE),
    Generator("wrk", ("wrk", "-t1", "-c{connections}", "-d{seconds}s", _URL), parse_wrk, "Debian's wrk"),
    Generator(
        "h2load",
        ("h2load", "--h1", "-t1", "-c{connections}", "-D{seconds}", _URL),
        parse_h2load,
        "Debian's nghttp2-client",
    ),
    # It allocates results for all requests that -n allows; without -n it stops at 50,000.
    Generator(
        "ab",
        ("ab", "-q", "-k", "-c{connections}", "-t{seconds}", "-n{max_requests}", _URL),
        parse_ab,
        "Debian's apache2-utils",
    ),
    Generator("hey", ("hey", "-cpus", "1", "-c", "{connections}", "-z", "{seconds}s", _URL), parse_hey, "Debian's hey"),
)


def values(options, port, share=1):
    """The values of the placeholders. `share`: the number of interleaved generators, which multiplies the run time."""
    seconds = options.seconds * share
    return {
        "build": options.build,
        "port": port,
        "connections": options.connections,
        "seconds": seconds,
        "trigger": options.trigger,
        "max_requests": 500_000 * seconds,
    }


def present(generators, values):
    """(generators that run here, [{"name", "reason"}] of the others). A server must be listening."""
    found, skipped = [], []
    for each in generators:
        reason = _missing(each.argv(values), each)
        if reason:
            skipped.append({"name": each.name, "reason": reason})
        else:
            found.append(each)
    return found, skipped


def _missing(argv, generator):
    if not shutil.which(argv[0]):
        return f"not installed: it comes with {generator.package}"
    if "--driver" not in argv:
        return None
    # Older builds and older kernels lack some drivers: one request shows it.
    position = argv.index("--duration")
    tried = subprocess.run([*argv[:position], "--requests", "1", *argv[position + 2 :]], capture_output=True, text=True)
    if tried.returncode == 2:
        return tried.stderr.strip().splitlines()[-1]
    try:
        generator.parse(tried.stdout)
    except OtherDriver as error:
        return str(error)
    return None
