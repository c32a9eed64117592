"""The index a deduplication stage leaves in a run: who it met, under which keys, and where their texts lie.

::

    index/
      places.parquet               which rows of which data or rejects file came from which load
      STAGE/settings.json          how the documents were made comparable
      STAGE/keys/PPPP.parquet      key -> row, sorted by key: one file for each key partition
      STAGE/documents/LLLLLL.parquet   row -> id, source, digest, signature, verdict; sorted by row, one file a load

A `row` is a number of the run that wrote the index: load << 32 | number in the load.
"""
