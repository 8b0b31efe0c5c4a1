// OpenTelemetry for Node as a peer: each line of standard input asks, each line out answers.
//
// The protocol is that of `main.rs`. The packages are found by NODE_PATH.

const { ROOT_CONTEXT, defaultTextMapGetter, defaultTextMapSetter, propagation } = require("@opentelemetry/api");
const { W3CBaggagePropagator } = require("@opentelemetry/core");

const propagator = new W3CBaggagePropagator();

function inject(values) {
  const entries = Object.entries(values).map(([key, value]) => [key, { value }]);
  const baggage = propagation.createBaggage(Object.fromEntries(entries));
  const carrier = {};
  propagator.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), carrier, defaultTextMapSetter);
  return carrier.baggage === undefined ? [] : [carrier.baggage];
}

function extract(headers) {
  const context = propagator.extract(ROOT_CONTEXT, { baggage: headers }, defaultTextMapGetter);
  const entries = propagation.getBaggage(context)?.getAllEntries() ?? [];
  return Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
}

const lines = require("node:fs").readFileSync(0, "utf8").split("\n");
const answers = lines.filter((line) => line !== "").map((line) => {
  const question = JSON.parse(line);
  return JSON.stringify(question.inject ? inject(question.inject) : extract(question.extract));
});
process.stdout.write(answers.map((answer) => answer + "\n").join(""));
