"""Gives every case of docs/arithmetic-vectors.json to the Wasm module and compares. Usage: run.py MODULE VECTORS"""

import json
import struct
import sys

import wasmtime

module_path, vectors_path = sys.argv[1:]
engine = wasmtime.Engine()
module = wasmtime.Module.from_file(engine, module_path)
with open(vectors_path) as file:
    operations = json.load(file)


def words(text):
    return [int(word, 16) for word in text.split()]


def run(index, soft, values):
    store = wasmtime.Store(engine)
    exports = wasmtime.Instance(store, module, []).exports(store)
    memory = exports["memory"]
    at = exports["room"](store, len(values))
    memory.write(store, struct.pack(f"<{len(values)}I", *values), at)
    result = exports["run"](store, index, soft, at, len(values))
    (count,) = struct.unpack("<I", memory.read(store, result, result + 4))
    if count == 0xFFFFFFFF:
        return None
    return list(struct.unpack(f"<{count}I", memory.read(store, result + 4, result + 4 + 4 * count)))


differences = 0
for soft in 0, 1:
    cases = 0
    for index, operation in enumerate(operations):
        for given, expected in operation["cases"]:
            cases += 1
            found = run(index, soft, words(given))
            if found != (None if expected is None else words(expected)):
                differences += 1
                print(f"{operation['name']} {given}: {found}, expected {expected}", file=sys.stderr)
    print(f"wasm, {'software' if soft else 'native'} floats: {cases} cases, {differences} differences so far")
sys.exit(differences != 0)
