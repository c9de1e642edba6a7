/** Reads forward by one request or by many: the same bytes, whatever breaks. The service here is one function over bytes. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { MigrateError } from '../../src/core/errors.ts';
import { createPace, type Pace, type Way } from '../../src/stores/http/pace.ts';
import { rangedFile } from '../../src/stores/http/ranged.ts';
import type { ReadBody } from '../../src/stores/http/ranges.ts';

const SIZE = 3_000_000;
const CONTENT = Buffer.from(
  Uint32Array.from({ length: SIZE / 4 }, (_, index) => Math.imul(index, 2_654_435_761)).buffer,
);

interface Answer {
  readonly chunk: number;
  /** Bytes after which the connection breaks; undefined: it does not. */
  readonly breaksAt?: number;
}

/** Answers each request by the next of `answers`, and then by whole ones. */
function serve(answers: readonly Answer[] = []) {
  const asked: string[] = [];
  const read: ReadBody = async (start, length, use) => {
    const { chunk, breaksAt } = answers[asked.length] ?? { chunk: 65_536 };
    asked.push(`${start}+${length}`);
    await new Promise((resolve) => setImmediate(resolve));
    if (breaksAt === 0) throw new MigrateError('E_STORE', 'refused', { retry: true });
    await use(Readable.from(pieces(start, length, { chunk, breaksAt }), { objectMode: false }));
  };
  return { asked, read };
}

async function* pieces(start: number, length: number, { chunk, breaksAt = length }: Answer) {
  for (let at = 0; at < length; at += chunk) {
    if (at + chunk > breaksAt && breaksAt < length) throw new MigrateError('E_STORE', 'broke', { retry: true });
    yield CONTENT.subarray(start + at, start + Math.min(length, at + chunk));
  }
}

const always = (way: Way): Pace => ({ stretches: 0, refused: () => undefined, time: (_bytes, read) => read(way) });

function openFile(read: ReadBody, pace: Pace = always('stretch')) {
  return rangedFile({ stat: { size: SIZE, version: '1' }, place: 'test://f', read, pace });
}

test('what is read forward costs one request, and one more that the file is still the same', async () => {
  const { asked, read } = serve();
  const file = openFile(read);
  file.expect(100, 2_000_100);
  const got = Buffer.alloc(2_000_000);
  // Three under way at a time, of a size that no chunk has.
  for (let at = 0; at < got.length; at += 3 * 70_001)
    await Promise.all(
      [0, 1, 2]
        .map((index) => at + index * 70_001)
        .filter((from) => from < got.length)
        .map((from) => file.readInto(got.subarray(from, Math.min(from + 70_001, got.length)), 100 + from)),
    );
  assert.ok(got.equals(CONTENT.subarray(100, 2_000_100)));
  assert.deepEqual(asked, ['100+2000000', '2000099+1']);
});

test('a second pass is one request again, also after one that was given up', async () => {
  const { asked, read } = serve();
  const file = openFile(read);
  const got = Buffer.alloc(300_000);
  for (const length of [300_000, 100_000, 300_000]) {
    file.expect(0, 300_000);
    for (let at = 0; at < length; at += 50_000) await file.readInto(got.subarray(at, at + 50_000), at);
  }
  assert.ok(got.equals(CONTENT.subarray(0, 300_000)));
  assert.deepEqual(asked, ['0+300000', '299999+1', '0+300000', '0+300000', '299999+1']);
  await file.close();
});

test('outside of what was said, and behind what was read, each read is a request', async () => {
  const { asked, read } = serve();
  const file = openFile(read);
  const want = async (start: number, length: number): Promise<void> => {
    const target = Buffer.alloc(length);
    await file.readInto(target, start);
    assert.ok(target.equals(CONTENT.subarray(start, start + length)));
  };
  await want(0, 10);
  file.expect(1000, 2_900_000);
  await want(990, 20);
  await want(1000, 100);
  await want(1050, 10);
  await want(1100, 10);
  // A gap that is read along, and one that is not.
  await want(200_000, 10);
  await want(2_000_000, 10);
  await want(2_000_010, 10);
  assert.deepEqual(asked, ['0+10', '990+20', '1000+2899000', '1050+10', '2000000+900000']);
  await file.close();
});

test('any reads of any answers: the bytes that were asked for, or an error that may be tried again', async () => {
  const answer = fc.record({
    chunk: fc.integer({ min: 1000, max: 200_000 }),
    breaksAt: fc.option(fc.integer({ min: 0, max: 400_000 }), { nil: undefined }),
  }) as fc.Arbitrary<Answer>;
  const step = fc.record({
    skip: fc.integer({ min: -50_000, max: 100_000 }),
    length: fc.integer({ min: 0, max: 150_000 }),
    wait: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { maxLength: 12 }), fc.array(step, { maxLength: 40 }), async (answers, steps) => {
      const file = openFile(serve(answers).read);
      file.expect(0, SIZE);
      let at = 0;
      const reads: Promise<void>[] = [];
      for (const { skip, length, wait } of steps) {
        at = Math.min(Math.max(0, at + skip), SIZE - length);
        const [start, target] = [at, Buffer.alloc(length)];
        const read = async (): Promise<void> => {
          // As many tries as there are answers that may break.
          for (let tries = 0; ; tries++)
            try {
              await file.readInto(target, start);
              break;
            } catch (thrown) {
              assert.ok(thrown instanceof MigrateError && thrown.retry && tries <= answers.length, String(thrown));
            }
          assert.ok(target.equals(CONTENT.subarray(start, start + length)), `${length} bytes from ${start}`);
        };
        reads.push(read());
        if (wait) await Promise.all(reads.splice(0));
        at += length;
      }
      await Promise.all(reads);
      await file.close();
    }),
    { numRuns: 300 },
  );
});

test('an answer that breaks while nobody waits fails nobody', async () => {
  const bodies: Readable[] = [];
  const file = openFile(async (start, length, use) => {
    const body = new Readable({ read: () => undefined });
    bodies.push(body);
    body.push(CONTENT.subarray(start, start + Math.min(length, 150_000)));
    await use(body);
  });
  file.expect(0, 1_000_000);
  const target = Buffer.alloc(100_000);
  await file.readInto(target, 0);
  const closed = new Promise((resolve) => bodies[0]!.once('close', resolve));
  bodies[0]!.destroy(new Error('broke'));
  await closed;
  // What waits for the body hears of it a moment later.
  await new Promise((resolve) => setImmediate(resolve));
  await file.readInto(target, 100_000);
  assert.ok(target.equals(CONTENT.subarray(100_000, 200_000)));
  assert.equal(bodies.length, 2);
  await file.close();
});

test('an answer that breaks fails who waits for it, and the next read asks anew', async () => {
  const { asked, read } = serve([{ chunk: 1000, breaksAt: 150_000 }]);
  const file = openFile(read);
  file.expect(0, 1_000_000);
  const target = Buffer.alloc(100_000);
  await file.readInto(target, 0);
  await assert.rejects(file.readInto(target, 100_000), /broke/);
  await file.readInto(target, 100_000);
  assert.ok(target.equals(CONTENT.subarray(100_000, 200_000)));
  assert.deepEqual(asked, ['0+1000000', '100000+900000']);
  await file.close();
});

test('where a long answer never begins, ranges are read for a while', async () => {
  const asked: string[] = [];
  const { read } = serve();
  const pace = createPace({ trial: { stretch: 2e6, ranges: 1e6 }, kept: 2.4e6, better: 1.2 });
  const file = openFile(async (start, length, use) => {
    asked.push(`${start}+${length}`);
    if (length > 1_000_000) throw new MigrateError('E_STORE', 'too much at once', { retry: true });
    await read(start, length, use);
  }, pace);
  file.expect(0, SIZE);
  const target = Buffer.alloc(600_000);
  await assert.rejects(file.readInto(target, 0), /too much at once/);
  for (let at = 0; at < SIZE; at += target.length) {
    await file.readInto(target, at);
  }
  assert.deepEqual(asked, [
    '0+3000000',
    '0+600000',
    '600000+600000',
    '1200000+600000',
    '1800000+600000',
    '2400000+600000',
    '2999999+1',
  ]);
});

test('files that are open beyond a number are read by ranges', async () => {
  const pace = createPace();
  const services = Array.from({ length: 20 }, () => serve());
  const files = services.map(({ read }) => openFile(read, pace));
  const target = Buffer.alloc(1000);
  for (const file of files) {
    file.expect(0, SIZE);
    await file.readInto(target, 0);
  }
  const long = services.filter(({ asked }) => asked[0] === `0+${SIZE}`).length;
  assert.equal(long, 16);
  assert.equal(pace.stretches, 16);
  assert.equal(services.filter(({ asked }) => asked[0] === '0+1000').length, 4);
  for (const file of files) await file.close();
  // Whatever is closed leaves its place to others.
  while (pace.stretches > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('an answer that goes on behind its end is an error', async () => {
  const read: ReadBody = (start, length, use) =>
    use(Readable.from([CONTENT.subarray(start, start + length + 1)], { objectMode: false }));
  const file = openFile(read);
  file.expect(0, 1000);
  await assert.rejects(file.readInto(Buffer.alloc(500), 0), /other bytes/);
});

/** A service that takes so many milliseconds for a megabyte each way. */
async function ways(cost: { readonly [W in Way]: number }, megabytes: number): Promise<string> {
  let clock = 0;
  const pace = createPace({ trial: { stretch: 4e6, ranges: 4e6 }, kept: 20e6, better: 1.2 }, () => clock);
  let taken = '';
  for (let read = 0; read < megabytes; read++)
    await pace.time(1e6, async (way) => {
      clock += cost[way];
      taken += way[0];
    });
  return taken;
}

test('both ways are tried, the quicker one is kept for a while, and then both are tried again', async () => {
  assert.equal(await ways({ stretch: 3, ranges: 2 }, 26), `ssssrrrr${'r'.repeat(12)}ssssrr`);
  assert.equal(await ways({ stretch: 1, ranges: 2 }, 26), `ssssrrrr${'s'.repeat(12)}ssssrr`);
  // Requests have to be worth what they cost.
  assert.equal(await ways({ stretch: 11, ranges: 10 }, 26), `ssssrrrr${'s'.repeat(12)}ssssrr`);
});

test('small reads say nothing of the way', async () => {
  const pace = createPace({ trial: { stretch: 1e6, ranges: 1e6 }, kept: 1e9, better: 1.2 });
  for (let read = 0; read < 100; read++) await pace.time(100_000, async (way) => assert.equal(way, 'stretch'));
});

test('a read that failed moved nothing', async () => {
  const pace = createPace({ trial: { stretch: 1e6, ranges: 1e6 }, kept: 1e9, better: 1.2 });
  for (let read = 0; read < 3; read++)
    await assert.rejects(
      pace.time(1e6, async (way) => {
        assert.equal(way, 'stretch');
        throw new Error('broke');
      }),
      /broke/,
    );
});
