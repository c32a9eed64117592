"""datatrove's Gopher repetition and quality filters over texts in memory: seconds of their `filter` alone.

Both look at every document, as a run with all metrics would; within a filter the first failing rule still ends it.
"""

import json
import sys
import time

from texts_file import read

started = time.perf_counter()
from datatrove.data import Document  # noqa: E402
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter  # noqa: E402

arguments = json.loads(sys.argv[1])
filters = [GopherRepetitionFilter(), GopherQualityFilter()]
documents = [Document(text=one["text"], id=one["id"]) for one in read(arguments["texts"])]
for one in filters:
    one.filter(documents[0])  # loads the word tokenizer
startup = time.perf_counter() - started

seconds = []
for _ in range(arguments["rounds"]):
    started = time.perf_counter()
    for document in documents:
        for one in filters:
            one.filter(document)
    seconds.append(time.perf_counter() - started)
print(json.dumps({"seconds": seconds, "startup": startup}))
