"""The mapping engine of Port's integration beside ours: libjq through its Python binding, as that integration drives it.

Reads a line `{"expressions": [...]}` and then one alert a line; prints seconds and peak memory as JSON. Started by
`benches/mapping.rs`; needs the package `jq` (pip install jq==1.12.0).
"""

import json
import sys
import time

import jq

programs = [jq.compile(text) for text in json.loads(sys.stdin.readline())["expressions"]]
lines = sys.stdin.readlines()

begin = time.perf_counter()
written = 0
for line in lines:
    alert = json.loads(line)
    # Every expression gets the alert as a dictionary, which the binding writes and libjq parses again.
    entity = [program.input_value(alert).first() for program in programs]
    written += len(json.dumps(entity))
seconds = time.perf_counter() - begin

# What getrusage calls the peak includes that of the process that started this one.
with open("/proc/self/status") as status:
    peak_kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
print(json.dumps({"seconds": seconds, "written": written, "peak_kib": peak_kib}))
