import { setTimeout as pause } from 'node:timers/promises';
import { metrics } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { withStage } from '@milepost/core';
import { type Delivery, DeliveryMetricReader, serializerOf } from '@milepost/delivery';

// What it costs that each start of a stage is seen within a second: the share of the main thread's time that collections
// take at 500 stages a second, for series of several numbers of stages.
// node --conditions=@milepost/source test/bench/beacon.ts [seconds]
const seconds = Number(process.argv[2] ?? 5);
const STAGES_PER_TURN = 5;
const TURN_MS = 10;

let points = 0;
let requests = 0;
const nothing = {
  delivered: 0,
  inMemory: 0,
  spooled: 0,
  oldest: undefined,
  lost: {},
  error: undefined,
  spoolError: undefined,
};

/** Takes requests, and does nothing with them. */
const noneWaits = { requests: 0, records: 0, bytes: 0, oldest: undefined };
const sink: Delivery = {
  spoolDirectory: undefined,
  async add(request) {
    points = request.records;
    requests += 1;
    return 'delivered';
  },
  countLost: () => undefined,
  addSource: () => () => undefined,
  flush: async () => sink.report(),
  report: () => ({ traces: nothing, logs: nothing, metrics: nothing }),
  spooled: () => ({ traces: noneWaits, logs: noneWaits, metrics: noneWaits }),
  shutdown: async () => sink.report(),
  endSync: () => sink.report(),
};

const reader = new DeliveryMetricReader(sink, {
  serializer: serializerOf('metrics', 'http/json'),
  contentType: 'application/json',
});
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

/** CPU of the main thread while stages run, in milliseconds a second. */
async function run(stages: number, isSeen: boolean): Promise<number> {
  const before = process.threadCpuUsage();
  const begun = performance.now();
  let next = 0;
  while (performance.now() - begun < seconds * 1000) {
    for (let index = 0; index < STAGES_PER_TURN; index += 1) {
      if (isSeen) reader.collectSoon();
      withStage(`stage-${next % stages}`, () => undefined);
      next += 1;
    }
    await pause(TURN_MS);
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / (performance.now() - begun);
}

for (const stages of [3, 20, 100, 400]) {
  await run(stages, true);
  requests = 0;
  const seen = await run(stages, true);
  const [count, series] = [requests, points];
  const unseen = await run(stages, false);
  const before = process.threadCpuUsage();
  for (let collection = 0; collection < 20; collection += 1) await reader.handOver();
  const { user, system } = process.threadCpuUsage(before);
  console.log(
    `${stages} stages, ${series} points: ${count} collections in ${seconds} s of ${((user + system) / 20_000).toFixed(2)} ms; ` +
      `main thread busy for ${unseen.toFixed(1)} ms/s without, ${seen.toFixed(1)} ms/s with`,
  );
}
