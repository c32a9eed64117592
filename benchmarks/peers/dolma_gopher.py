"""Dolma's Gopher tagger (gopher_v2) over texts in memory: seconds of its `predict` alone."""

import json
import sys
import time

from texts_file import read

started = time.perf_counter()
from dolma.core.data_types import Document  # noqa: E402
from dolma.core.registry import TaggerRegistry  # noqa: E402
from dolma.taggers import gopher  # noqa: E402, F401 - registers it

arguments = json.loads(sys.argv[1])
tagger = TaggerRegistry.get("gopher_v2")()
documents = [Document(source="s", id=one["id"], text=one["text"], version="v") for one in read(arguments["texts"])]
startup = time.perf_counter() - started

seconds = []
for _ in range(arguments["rounds"]):
    started = time.perf_counter()
    for document in documents:
        tagger.predict(document)
    seconds.append(time.perf_counter() - started)
print(json.dumps({"seconds": seconds, "startup": startup}))
