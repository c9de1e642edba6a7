"""faiss's own decoders alone, on one thread, on what one sa_decode is given: JSON, output bytes per core-second.

    decode.py FOLDER STORED ROWS        decodes ROWS random codes of FOLDER/faiss-{sq8,pq,ivfpq}-STORED.index
"""
import json
import os
import sys
import time

import faiss
import numpy as np

faiss.omp_set_num_threads(1)
folder, stored, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
random = np.random.default_rng(1)
found = {}
for name in ("sq8", "pq", "ivfpq"):
    index = faiss.read_index(os.path.join(folder, f"faiss-{name}-{stored}.index"))
    codes = random.integers(0, 256, (rows, index.sa_code_size()), dtype="u1")
    if name == "ivfpq":
        lists = np.sort(random.integers(0, index.nlist, rows)).astype("<u2")
        codes[:, :2] = lists.view("u1").reshape(rows, 2)
    again = np.empty((rows, index.d), "f4")
    for what, out in (("fresh", None), ("reused", again)):
        seconds = []
        for _ in range(9):
            started = time.process_time()
            index.sa_decode(codes, out)
            seconds.append(time.process_time() - started)
        found[f"{name} {what}"] = rows * index.d * 4 / sorted(seconds)[4]
print(json.dumps(found))
