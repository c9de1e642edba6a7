"""What one writes in Python to get the vectors of an index file: read it, decode it, save it.

    dump.py INDEX OUT.npy
"""
import sys

import faiss
import numpy as np

index = faiss.read_index(sys.argv[1])
if isinstance(index, (faiss.IndexPQ, faiss.IndexScalarQuantizer)):
    vectors = index.sa_decode(faiss.vector_to_array(index.codes).reshape(index.ntotal, -1))
else:
    vectors = index.reconstruct_n(0, index.ntotal)
np.save(sys.argv[2], vectors)
