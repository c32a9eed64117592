"""datatrove's four stages of MinHash deduplication, Parquet in and out, one worker; prints the ids it keeps."""

import json
import shutil
import sys
import time
from pathlib import Path

started = time.perf_counter()
import pyarrow.parquet as pq  # noqa: E402
from datatrove.executor.local import LocalPipelineExecutor  # noqa: E402
from datatrove.pipeline.dedup import (  # noqa: E402
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig  # noqa: E402
from datatrove.pipeline.readers import ParquetReader  # noqa: E402
from datatrove.pipeline.writers import ParquetWriter  # noqa: E402

arguments = json.loads(sys.argv[1])
work = arguments["output"]
shutil.rmtree(work, ignore_errors=True)
config = MinhashConfig()
stages = [
    [ParquetReader(arguments["input"]), MinhashDedupSignature(output_folder=f"{work}/signatures", config=config)],
    [MinhashDedupBuckets(input_folder=f"{work}/signatures", output_folder=f"{work}/buckets", config=config)],
    [MinhashDedupCluster(input_folder=f"{work}/buckets", output_folder=f"{work}/remove", config=config)],
    [
        ParquetReader(arguments["input"]),
        MinhashDedupFilter(input_folder=f"{work}/remove"),
        ParquetWriter(f"{work}/data"),
    ],
]
startup = time.perf_counter() - started
started = time.perf_counter()
for number, pipeline in enumerate(stages):
    tasks = config.num_buckets if number == 1 else 1
    LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=1, logging_dir=f"{work}/logs/{number}").run()
seconds = time.perf_counter() - started
kept = [one for file in sorted(Path(work, "data").rglob("*.parquet")) for one in pq.read_table(file)["id"].to_pylist()]
print(json.dumps({"seconds": [seconds], "startup": startup, "kept": kept}))
