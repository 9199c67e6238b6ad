// A process with a spool that does what it is told, one message at a time.
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
