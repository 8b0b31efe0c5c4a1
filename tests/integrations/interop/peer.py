"""OpenTelemetry for Python as a peer: each line of standard input asks, each line out answers.

The protocol is that of `main.rs`.
"""

import json
import logging
import sys

from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context

logging.disable()
propagator = W3CBaggagePropagator()


def inject(values):
    context = Context()
    for key, value in values.items():
        context = baggage.set_baggage(key, value, context)
    carrier = {}
    propagator.inject(carrier, context)
    return [carrier["baggage"]] if carrier else []


def extract(headers):
    return dict(baggage.get_all(propagator.extract({"baggage": headers}, Context())))


for line in sys.stdin:
    question = json.loads(line)
    answer = inject(question["inject"]) if "inject" in question else extract(question["extract"])
    print(json.dumps(answer))
