"""Makes a large Faiss index file without the work of building it: codes, lists and graph are random.

    make.py KIND ROWS OUT       KIND: flat ivfflat hnswflat sq8 pq ivfpq; 128 dimensions
"""
import sys

import faiss
import numpy as np

D = 128
NLIST = 1024
NEIGHBOURS = 32
RANDOM = np.random.default_rng(20261121)


def floats(rows):
    """Normal vectors; a million of them, repeated: their values do not matter to a reader."""
    some = RANDOM.standard_normal((min(rows, 1 << 18), D), dtype="f4")
    return np.resize(some, (rows, D))


def codes(rows, size):
    return RANDOM.integers(0, 256, (rows, size), dtype="u1")


def trained(index):
    index.train(RANDOM.standard_normal((10_000, D), dtype="f4"))
    return index


def flat(rows):
    index = faiss.IndexFlatL2(D)
    index.add(floats(rows))
    return index


def coded(index, rows):
    faiss.copy_array_to_vector(codes(rows, index.code_size).ravel(), index.codes)
    index.ntotal = rows
    return index


def inverted(index, rows):
    sizes = RANDOM.multinomial(rows, np.full(NLIST, 1 / NLIST))
    ids = RANDOM.permutation(rows).astype("i8")
    end = 0
    for number, size in enumerate(sizes):
        some = ids[end : end + size]
        stored = floats(size).view("u1") if isinstance(index, faiss.IndexIVFFlat) else codes(size, index.code_size)
        stored = np.ascontiguousarray(stored)
        index.invlists.add_entries(number, int(size), faiss.swig_ptr(some), faiss.swig_ptr(stored))
        end += size
    index.ntotal = rows
    return index


def coarse():
    index = faiss.IndexFlatL2(D)
    index.add(RANDOM.standard_normal((NLIST, D), dtype="f4"))
    return index


def hnsw(rows):
    index = faiss.IndexHNSWFlat(D, NEIGHBOURS // 2)
    faiss.downcast_index(index.storage).add(floats(rows))
    faiss.copy_array_to_vector(np.ones(rows, "i4"), index.hnsw.levels)
    faiss.copy_array_to_vector(np.arange(rows + 1, dtype="u8") * NEIGHBOURS, index.hnsw.offsets)
    graph = RANDOM.integers(0, rows, rows * NEIGHBOURS, dtype="i4")
    if hasattr(index.hnsw.neighbors, "resize"):
        faiss.copy_array_to_vector(graph, index.hnsw.neighbors)
    index.hnsw.entry_point, index.hnsw.max_level = 0, 0
    index.ntotal = rows
    return index


KINDS = {
    "flat": flat,
    "ivfflat": lambda rows: inverted(trained(faiss.IndexIVFFlat(COARSE, D, NLIST)), rows),
    "hnswflat": hnsw,
    "sq8": lambda rows: coded(trained(faiss.IndexScalarQuantizer(D, faiss.ScalarQuantizer.QT_8bit)), rows),
    "pq": lambda rows: coded(trained(faiss.IndexPQ(D, 16, 8)), rows),
    "ivfpq": lambda rows: inverted(trained(faiss.IndexIVFPQ(COARSE, D, NLIST, 16, 8)), rows),
}

if __name__ == "__main__":
    COARSE = coarse()
    faiss.write_index(KINDS[sys.argv[1]](int(sys.argv[2])), sys.argv[3])
