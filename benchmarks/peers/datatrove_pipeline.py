"""datatrove's local executor, Parquet in and out, with its Gopher, C4 and FineWeb filters."""

import json
import shutil
import sys
import time

started = time.perf_counter()
from datatrove.executor.local import LocalPipelineExecutor  # noqa: E402
from datatrove.pipeline.filters import (  # noqa: E402
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.readers import ParquetReader  # noqa: E402
from datatrove.pipeline.writers import ParquetWriter  # noqa: E402

arguments = json.loads(sys.argv[1])
startup = time.perf_counter() - started

seconds = []
for _ in range(arguments["rounds"]):
    shutil.rmtree(arguments["output"], ignore_errors=True)
    executor = LocalPipelineExecutor(
        pipeline=[
            ParquetReader(arguments["input"]),
            GopherRepetitionFilter(),
            GopherQualityFilter(),
            C4QualityFilter(filter_no_terminal_punct=False),
            FineWebQualityFilter(),
            ParquetWriter(arguments["output"] + "/data"),
        ],
        tasks=1,
        workers=1,
        logging_dir=arguments["output"] + "/logs",
    )
    started = time.perf_counter()
    executor.run()
    seconds.append(time.perf_counter() - started)
print(json.dumps({"seconds": seconds, "startup": startup}))
