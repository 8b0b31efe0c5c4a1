"""The Python side of `.ci/interop-python`: asks the Rust program, and compares.

Usage: check.py <path of the Rust program>
"""

import json
import subprocess
import sys
from importlib.metadata import version

from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context

TEXTS = [
    "acme",
    "",
    " ",
    " a b ",
    "a+b",
    "100%",
    "%41",
    "a=b;c,d",
    '"quoted"',
    "back\\slash",
    "Müller & Söhne",
    "日本",
    "🦀",
    "~!*'()-._",
    "/path?q=1#x",
    "x" * 4000,
]

failures = 0


def rust(questions, *arguments):
    """One answer to each question."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    program = [sys.argv[1], *arguments]
    answers = subprocess.run(program, input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in answers.stdout.splitlines()]


def check(what, found, expected):
    global failures
    if found != expected:
        failures += 1
        print(f"WRONG {what}: {found!r} instead of {expected!r}")


def sent_by_python(**values):
    context = Context()
    for key, value in values.items():
        context = baggage.set_baggage(key, value, context)
    carrier = {}
    W3CBaggagePropagator().inject(carrier, context)
    return carrier


def read_by_python(carrier):
    return dict(baggage.get_all(W3CBaggagePropagator().extract(carrier, Context())))


def rust_to_python():
    questions = [{"inject": {"tenant": text, "user": "u"}} for text in TEXTS]
    for text, carrier in zip(TEXTS, rust(questions), strict=True):
        # Python strips the values that it reads, its own too.
        expected = {"tenant": text.strip(), "user": "u"}
        check(f"Python reads {text[:20]!r}", read_by_python(carrier), expected)
    return len(TEXTS)


def python_to_rust():
    carriers = [sent_by_python(tenant=text, user="u", other="x", request_id="7") for text in TEXTS]
    answers = rust([{"extract": carrier} for carrier in carriers], "plus-as-space")
    for text, answer in zip(TEXTS, answers, strict=True):
        expected = {"tenant": text, "user": "u", "request_id": "7", "rejections": 0}
        check(f"Rust reads {text[:20]!r}", answer, expected)
    # Without being told, a blank that Python writes is a plus.
    [answer] = rust([{"extract": sent_by_python(tenant="a b+c")}])
    check("a plus is a plus", answer, {"tenant": "a+b+c", "rejections": 0})
    return len(TEXTS) + 1


def limits():
    many = {f"k{n}": "v" for n in range(63)}
    [most] = rust([{"extract": sent_by_python(tenant="acme", **many)}])
    check("64 members", most, {"tenant": "acme", "rejections": 0})
    [more] = rust([{"extract": sent_by_python(tenant="acme", more="v", **many)}])
    check("65 members", more, {"rejections": 1})
    [long] = rust([{"extract": {"baggage": "tenant=acme,x=" + "x" * 8192}}])
    check("over 8192 bytes", long, {"rejections": 1})
    [carrier] = rust([{"inject": {"tenant": "x" * 4000, "user": "y" * 5000}}])
    check("what fits is sent whole", read_by_python(carrier).get("tenant"), "x" * 4000)
    check("what does not is not sent", read_by_python(carrier).get("user"), None)
    return 5


def broken():
    headers = ["tenant=%FF%FE", "tenant=%4", ",,,", "request_id=seven", "tenant=%0A", "tenant=%00"]
    answers = rust([{"extract": {"baggage": header}} for header in headers])
    for header, answer in zip(headers, answers, strict=True):
        check(f"broken {header!r}", answer, {"rejections": 1})
    return len(headers)


def main():
    checks = rust_to_python() + python_to_rust() + limits() + broken()
    packages = ", ".join(f"{p} {version(p)}" for p in ("opentelemetry-api", "opentelemetry-sdk"))
    print(f"interop with Python ({packages}): {checks} checks, {failures} wrong")
    sys.exit(1 if failures else 0)


main()
