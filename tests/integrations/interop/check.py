"""Counts what comes through in baggage between this crate and OpenTelemetry in three languages.

    check.py PAGE INTEROP NODE           compare the page with what was counted
    check.py PAGE INTEROP NODE --renew   rewrite it, to be looked at in the diff

PAGE is the page with the tables, INTEROP the program of `main.rs`, NODE the program `node`, for
which NODE_PATH names the packages. It fails if a value differs for a reason that is not listed in
`REASONS`, and if the page does not say what was counted.
"""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from values import values

HERE = Path(__file__).parent
START, END = "<!-- counted by .ci/interop -->\n", "<!-- end of what was counted -->\n"
PEERS = ("Python", "Node", "Rust")
PAIRS = [
    ("ours", "ours"),
    *(("ours", peer) for peer in PEERS),
    ("Python", "ours"),
    ("Python", "ours, `plus_as_space`"),
    ("Node", "ours"),
    ("Rust", "ours"),
]


def programs(interop, node):
    return {
        "ours": [interop, "ours"],
        "ours, `plus_as_space`": [interop, "ours-plus"],
        "Python": [sys.executable, HERE / "peer.py"],
        "Node": [node, HERE / "peer.cjs"],
        "Rust": [interop, "opentelemetry"],
    }


def ask(program, questions):
    """One answer to each question."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    run = subprocess.run(program, input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in run.stdout.decode().split("\n") if line]
    assert len(answers) == len(questions), f"{program} gave {len(answers)} answers"
    return answers


def has_control(value):
    return any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in value)



# What can differ: its name, when that is the reason, and who is right by W3C. The first that fits.
REASONS = [
    (
        "control characters",
        lambda pair, value, got: has_control(value) and got is None,
        "the peers: any text may travel, as escapes. Ours refuses on purpose, at both ends: control "
        "characters forge lines and headers further on",
    ),
    (
        "headers of more than 8192 bytes",
        lambda pair, value, got: len(value) > 8192 and got is None,
        "all: a platform must carry 8192 bytes, and may drop members beyond",
    ),
    (
        "members of more than 4096 bytes",
        lambda pair, value, got: {"Python", "Node"} & set(pair)
        and len("tenant=" + value) > 4096
        and got is None,
        "ours: W3C limits the header and not a member, and all that fits must be carried",
    ),
    (
        "empty values",
        lambda pair, value, got: pair[1] == "Node" and value == "" and got is None,
        "ours: `value = *baggage-octet` may be empty",
    ),
    (
        "percent signs that are not escaped",
        lambda pair, value, got: pair[0] == "Rust" and "%" in value,
        "ours: a `%` must be escaped. Rust sends `%41` as it is, which means `A`, and half an escape "
        "means nothing",
    ),
    (
        "blanks at the ends",
        lambda pair, value, got: {"Python", "Rust"} & set(pair)
        and value != value.strip()
        and got == value.strip(),
        "ours: only blanks that are escaped belong to the value. Python strips what it has "
        "decoded; Rust does, too, and also what it sends",
    ),
    (
        "blanks as `+`",
        lambda pair, value, got: pair == ("Python", "ours") and got == value.replace(" ", "+"),
        "ours: a `+` is a plus in percent-encoding, and a blank only in forms. Use "
        "`plus_as_space` for the headers that Python sends",
    ),
]


def reason(pair, value, got):
    for name, fits, _ in REASONS:
        if fits(pair, value, got):
            return name
    sys.exit(f"interop: {' -> '.join(pair)}: {value[:80]!r} is read as {got!r}, for no listed reason")


def count(peers):
    """For each pair the number of values that came through, and of others by the reason."""
    texts = values()
    questions = [{"inject": {"tenant": text, "user": "u"}} for text in texts]
    sent = {name: ask(peers[name], questions) for name in ("ours", *PEERS)}
    counts = {}
    for pair in PAIRS:
        sender, reader = pair
        read = ask(peers[reader], [{"extract": headers} for headers in sent[sender]])
        different = dict.fromkeys((name for name, _, _ in REASONS), 0)
        for text, answer in zip(texts, read, strict=True):
            if answer.get("tenant") != text:
                different[reason(pair, text, answer.get("tenant"))] += 1
        counts[pair] = (len(texts), different)
    return counts


LAST = "tenant=acme"
# Headers, with what W3C says of them.
HEADERS = [
    ("`tenant=%FF`", ["tenant=%FF"], "octets that are no UTF-8 must become U+FFFD"),
    ("`tenant=a,tenant=b`", ["tenant=a,tenant=b"], "either; all take the last"),
    ("two headers, `tenant=a` and `tenant=b`", ["tenant=a", "tenant=b"], "they count as one"),
    ("`tenant=acme;ttl=5`", ["tenant=acme;ttl=5"], "a property does not belong to the value"),
    ("`tenant = acme`", ["tenant = acme"], "blanks around it do not belong to the value"),
    ("`tenant=%20acme`", ["tenant=%20acme"], "an escaped blank is part of it"),
    ("`tenant=a+b`", ["tenant=a+b"], "a plus is a plus"),
    ("`tenant=a=b`", ["tenant=a=b"], "a value may hold `=`"),
    ("`tenant=`", ["tenant="], "a value may be empty"),
    ("`tenant=100%`", ["tenant=100%"], "not specified: a `%` must be escaped"),
    ("`tenant=a%0Ab`", ["tenant=a%0Ab"], "allowed; ours refuses control characters"),
    ("`%74enant=acme`", ["%74enant=acme"], "a key has no escapes: this is another one"),
    ("64 members, `tenant` the last", ["k=v," * 63 + LAST], "must be carried"),
    ("180 members, `tenant` the last", ["k=v," * 179 + LAST], "may be dropped"),
    ("181 members, `tenant` the first", [LAST + ",k=v" * 180], "some may be dropped"),
    ("a `tenant` of 5000 bytes", ["tenant=" + "x" * 5000], "must be carried"),
    ("8193 bytes, `tenant` the first", [LAST + ",k=" + "v" * 8179], "some may be dropped"),
    ("a member of 9000 bytes, then `tenant`", ["k=" + "v" * 9000 + "," + LAST], "some may be dropped"),
]


def shown(answer):
    value = answer.get("tenant")
    if value is None:
        return "none"
    if len(value) > 100:
        return f"{len(value)} bytes"
    return "`" + json.dumps(value) + "`"


def locked(name):
    """The version of a crate in the lock file."""
    lock = (HERE / "../../../Cargo.lock").read_text()
    return lock.split(f'name = "{name}"\nversion = "')[1].split('"')[0]


def node_version(name):
    lock = json.loads((HERE / "package-lock.json").read_text())
    return lock["packages"][f"node_modules/{name}"]["version"]


def versions():
    python = [f"`{name}` {version(name)}" for name in ("opentelemetry-api", "opentelemetry-sdk")]
    node = [f"`{name}` {node_version(name)}" for name in ("@opentelemetry/api", "@opentelemetry/core")]
    rust = [f"`{name}` {locked(name)}" for name in ("opentelemetry", "opentelemetry_sdk")]
    return [
        f"Python is {python[0]} and {python[1]},",
        f"Node {node[0]} and {node[1]},",
        f"Rust {rust[0]} and {rust[1]}.",
    ]


def tables(peers):
    counts = count(peers)
    lines = [*versions(), "", "| from | to | values | equal | different |", "|---|---|---|---|---|"]
    for (sender, reader), (total, different) in counts.items():
        differing = sum(different.values())
        lines.append(f"| {sender} | {reader} | {total} | {total - differing} | {differing} |")
    lines += ["", "| different | how many | right by W3C |", "|---|---|---|"]
    for name, _, right in REASONS:
        pairs = [(pair, different[name]) for pair, (_, different) in counts.items()]
        cell = "; ".join(f"{a} → {b} {n}" for (a, b), n in pairs if n)
        assert cell, f"no value differs because of {name}"
        lines.append(f"| {name} | {cell} | {right} |")
    lines += ["", "| header | ours | Python | Node | Rust | W3C |", "|---|---|---|---|---|---|"]
    questions = [{"extract": headers} for _, headers, _ in HEADERS]
    answers = [ask(peers[name], questions) for name in ("ours", *PEERS)]
    for (name, _, rule), *read in zip(HEADERS, *answers, strict=True):
        lines.append(f"| {name} | {' | '.join(map(shown, read))} | {rule} |")
    return "".join(line + "\n" for line in lines)


def main():
    page, interop, node, *options = sys.argv[1:]
    page = Path(page)
    counted = tables(programs(interop, node))
    print(counted, end="")
    text = page.read_text()
    before, rest = text.split(START)
    on_page, after = rest.split(END)
    if options == ["--renew"]:
        page.write_text(before + START + "\n" + counted + "\n" + END + after)
    elif on_page != "\n" + counted + "\n":
        sys.exit(f"interop: {page} shows other counts; if these are right: .ci/interop --renew")


main()
