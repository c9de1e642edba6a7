/** Help about sources: what each accepts. */

export const HELP_TOPICS: Readonly<Record<string, readonly string[]>> = {
  milvus1x: [
    'milvus1x reads the folder of a Milvus 0.9 to 1.x, with its metadata in SQLite, MySQL or a meta.json.',
    '',
    '  milvus-migrate run milvus1x:/var/lib/milvus/db --to http://localhost:19530',
    '  milvus-migrate run milvus1x:/var/lib/milvus/db --meta mysql://user@host:3306/milvus --to http://localhost:19530',
    '  milvus-migrate run --meta out/meta.json --tables /var/lib/milvus/db/tables --to http://localhost:19530',
    '',
    'The path',
    '  the db folder, the folder above it, or a meta.sqlite in it; a bare path does where meta.sqlite is there',
    '  nothing in it is changed: metadata is copied to a temporary folder and opened there',
    '',
    'What comes over',
    '  all live segments; rows that were deleted are left out; empty collections are created too',
    '  partitions, into partitions of the target; ids as they are, as the field `id`; vectors, as the field `data`',
    '  metrics L2 and IP as FloatVector; HAMMING, JACCARD, TANIMOTO (as JACCARD), SUBSTRUCTURE, SUPERSTRUCTURE as BinaryVector',
    '  the index that a collection had, in the form that Milvus 2.x has of it (--index says otherwise)',
    '',
    'What is refused, and how to go on',
    '  rows that are only in the write-ahead log: flush them in the old server, or --ignore-unflushed',
    '  damaged segments: copy them again, or --skip-bad-segments (exit code 6)',
    '  NaN and infinity, which Milvus 2.x refuses: their collection is not loaded, or --reject-file FILE sets the rows aside',
    '  Milvus 0.11, whose metadata is of another kind',
  ],
};
