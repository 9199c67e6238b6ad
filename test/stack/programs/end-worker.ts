import { once } from 'node:events';
import { type Processor, Worker } from 'bullmq';

// A worker whose process ends in some way, in the middle of a job, with or without Milepost: `node end-worker.ts way [tracked]`.
const [way = '', tracked] = process.argv.slice(2);
const { MILEPOST_ROOT: root = 'data', REDIS_PORT: port = '' } = process.env;

const forever = (): Promise<never> => new Promise(() => undefined);
const say = (): void => void process.stdout.write('working\n');
const signalled = once(process, 'SIGUSR2');

const PROCESSORS: Readonly<Record<string, Processor>> = {
  async 'rejects outside'() {
    void Promise.reject(new RangeError('outside'));
    return forever();
  },
  async 'rejects outside, and is heard'() {
    process.on('unhandledRejection', () => process.exit(5));
    void Promise.reject(new RangeError('outside'));
    return forever();
  },
  async 'throws outside'() {
    setImmediate(() => {
      throw new TypeError('outside');
    });
    return forever();
  },
  async 'throws outside, and is heard'() {
    const heard = once(process, 'uncaughtException');
    setImmediate(() => {
      throw new TypeError('outside');
    });
    return String((await heard)[0]);
  },
  async exits() {
    process.exit(3);
  },
  async 'exits by force'() {
    process.abort();
  },
  async 'sets the exit code'() {
    process.exitCode = 4;
    return 'done';
  },
  async 'finishes, and closes at a signal'() {
    process.once('SIGTERM', () => {
      void worker.close();
      process.kill(process.pid, 'SIGUSR2');
    });
    say();
    await signalled;
    return 'done';
  },
  async 'closes by force at a signal'() {
    process.once('SIGTERM', () => void worker.close(true));
    say();
    return forever();
  },
  async 'is killed'() {
    say();
    return forever();
  },
};

const processor = PROCESSORS[way] ?? forever;
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
let worker: Worker;
if (tracked === undefined) {
  worker = new Worker('work', processor, { connection });
} else {
  const [{ startTelemetry }, { openRegistry }, { asJob, watchWorker }] = await Promise.all([
    import('@milepost/node'),
    import('@milepost/registry'),
    import('@milepost/queue'),
  ]);
  await startTelemetry({ serviceName: 'ends', registry: openRegistry({ root }) });
  worker = watchWorker(new Worker('work', asJob(processor), { connection }), {
    failureEnds: 'run',
  });
}
worker.on('completed', () => void worker.close());
