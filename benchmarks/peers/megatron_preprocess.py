"""Megatron's tools/preprocess_data: processor seconds from JSON lines to `.bin` and `.idx`, and a digest of the tokens.

The tool is not in the wheel. This is its loop for a document (read a line, tokenize, append the end, add the document)
with the wheel's own IndexedDatasetBuilder, in one process and without its log lines.
"""

import hashlib
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from megatron.core.datasets.indexed_dataset import DType, IndexedDatasetBuilder
from tokenizers import Tokenizer

torch.set_num_threads(1)
arguments = json.loads(sys.argv[1])
seconds = []
for _ in range(arguments["rounds"]):
    tokenizer = Tokenizer.from_file(arguments["tokenizer"])
    end = tokenizer.token_to_id(arguments["end"])
    with TemporaryDirectory() as folder, open(arguments["lines"], encoding="utf-8") as lines:
        started = time.process_time()
        builder = IndexedDatasetBuilder(f"{folder}/x.bin", dtype=DType.optimal_dtype(tokenizer.get_vocab_size()))
        for line in lines:
            ids = tokenizer.encode(json.loads(line)["text"], add_special_tokens=False).ids
            if ids:
                ids.append(end)
                builder.add_document(ids, [len(ids)])
        builder.finalize(f"{folder}/x.idx")
        seconds.append(time.process_time() - started)
        digest = hashlib.sha256(Path(folder, "x.bin").read_bytes()).hexdigest()
print(json.dumps({"seconds": seconds, "digest": digest}))
