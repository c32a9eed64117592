"""datasketch or rensa in the loop its documentation shows, Parquet in and out: a text like an earlier one goes."""

import json
import sys
import time

started = time.perf_counter()
import pyarrow.parquet as pq  # noqa: E402

arguments = json.loads(sys.argv[1])
THRESHOLD, PERMUTATIONS, NGRAM = 0.8, 128, 5
if arguments["tool"] == "datasketch":
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
else:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=16)


def shingles(text):
    words = text.split()
    return {" ".join(words[i : i + NGRAM]) for i in range(max(1, len(words) - NGRAM + 1))}


startup = time.perf_counter() - started
started = time.perf_counter()
table = pq.read_table(arguments["input"])
kept = []
for number, text in enumerate(table["text"].to_pylist()):
    if arguments["tool"] == "datasketch":
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([one.encode() for one in shingles(text)])
        is_new = not index.query(sketch)
    else:
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=42)
        sketch.update(list(shingles(text)))
        is_new = not index.query(sketch)
    if is_new:
        index.insert(number, sketch)
        kept.append(number)
found = table.take(kept)
pq.write_table(found, arguments["output"] + ".parquet")
seconds = time.perf_counter() - started
print(json.dumps({"seconds": [seconds], "startup": startup, "kept": found["id"].to_pylist()}))
