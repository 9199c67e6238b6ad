// A process with a spool that does what it is told, one message at a time.
import { existsSync, readdirSync } from 'node:fs';
import { openSpool } from '@milepost/delivery';

const lost = [];
/** @type {import('@milepost/delivery').Spool} */
let spool;

function request(sequence, body) {
  return {
    signal: 'traces',
    sequence,
    body: Buffer.from(body),
    encoding: 'identity',
    contentType: 'application/json',
    records: 1,
    time: Date.now(),
    isSuperseded: false,
  };
}

const does = {
  open({ directory, umask, heartbeatMs }) {
    if (umask !== undefined) process.umask(umask);
    spool = openSpool({
      directory,
      destinations: { traces: 'http://localhost:4318/v1/traces' },
      onLost: (...what) => lost.push(what),
      ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    });
  },
  async append({ sequence, body }) {
    return (await spool.append(request(sequence, body))).path;
  },
  appendSync({ sequence, body }) {
    spool.appendSync(request(sequence, body));
  },
  /** Ends at the moment that a file has its name, which the collector has by then, like all that are being written. */
  async leaveWhileAppending({ count, found }) {
    const sequences = Array.from({ length: count }, (_, sequence) => sequence);
    for (const sequence of sequences) void spool.append(request(sequence, `${sequence}`));
    const isFound = () =>
      existsSync(spool.directory) &&
      readdirSync(spool.directory, { recursive: true }).filter((path) => path.endsWith('.otlp'))
        .length >= found;
    while (!isFound()) await new Promise(setImmediate);
    process.on('exit', () => {
      for (const sequence of sequences) spool.forgetSync('traces', sequence);
      spool.releaseSync();
    });
    process.exit();
  },
  adopt: () => spool.adopt(),
  waiting: () => spool.waiting('traces'),
  /** Reads and removes all that was taken over. */
  async drain() {
    const bodies = [];
    for (;;) {
      const stored = spool.firstAdopted('traces');
      if (stored === undefined) return bodies;
      const found = await spool.read(stored);
      if (found !== undefined) bodies.push(Buffer.from(found.body).toString());
      await spool.remove(stored);
    }
  },
  setAside: ({ sequence, body }) =>
    spool.setAside(request(sequence, body), { reason: 'rejected', message: 'no' }),
  release: () => spool.releaseSync(),
  lost: () => lost,
  exit: () => process.exit(0),
};

async function answer({ id, name, ...told }) {
  try {
    process.send({ id, value: await does[name](told) });
  } catch (error) {
    process.send({ id, error: error.message });
  }
}

process.on('message', (told) => void answer(told));
