"""text-dedup's MinHash program, Parquet in, Arrow out; its own start-up is part of the program and told apart."""

import json
import shutil
import subprocess
import sys
import time

arguments = json.loads(sys.argv[1])
work = arguments["output"]
shutil.rmtree(work, ignore_errors=True)
options = {
    "--path": "parquet",
    "--data_files": arguments["input"] + "/*.parquet",
    "--split": "train",
    "--cache_dir": work + "/cache",
    "--output": work + "/data",
    "--column": "text",
    "--ngram": "5",
    "--threshold": "0.8",
    "--num_perm": "128",
    "--num_proc": "1",
}
started = time.perf_counter()
subprocess.run([sys.executable, "-c", "import text_dedup.minhash"], check=True)
startup = time.perf_counter() - started
command = [sys.executable, "-m", "text_dedup.minhash", *(word for pair in options.items() for word in pair)]
started = time.perf_counter()
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - started - startup

from datasets import load_from_disk  # noqa: E402

print(json.dumps({"seconds": [seconds], "startup": startup, "kept": load_from_disk(work + "/data")["id"][:]}))
