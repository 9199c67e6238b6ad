import { expect, test } from 'vitest';
import { type Rest, describeRest } from '../src/describe-rest.ts';
import { type FlushReport, type SignalReport } from '../src/flush-report.ts';
import { NO_DELIVERY } from '../src/no-delivery.ts';

const OK: SignalReport = { status: 'ok', waiting: 0, lost: 0 };
const ALL_OK: FlushReport = { traces: OK, logs: OK, metrics: OK, registry: OK };
const { traces: NOTHING } = NO_DELIVERY;

test.for<[what: string, rest: Partial<Rest>, line: string | undefined]>([
  ['nothing', { delivery: NO_DELIVERY }, undefined],
  ['no delivery', {}, undefined],
  [
    'what waits in memory and on disk',
    {
      delivery: {
        traces: { ...NOTHING, inMemory: 204, spooled: 1_000 },
        logs: { ...NOTHING, spooled: 3 },
        metrics: NOTHING,
      },
      spoolDirectory: '/spool',
    },
    'milepost: 1,204 spans, 3 log records wait in /spool; `milepost flush --spool /spool` sends them',
  ],
  [
    'a single record',
    { delivery: { ...NO_DELIVERY, logs: { ...NOTHING, spooled: 1 } }, spoolDirectory: '/spool' },
    'milepost: 1 log record waits in /spool; `milepost flush --spool /spool` sends them',
  ],
  [
    'what is lost, each reason once',
    {
      delivery: {
        traces: { ...NOTHING, lost: { spool_full: 12, rejected: 1 } },
        logs: { ...NOTHING, lost: { spool_full: 1_500_000 } },
        metrics: NOTHING,
      },
    },
    'milepost: 12 spans, 1,500,000 log records lost (spool_full); 1 span lost (rejected)',
  ],
  [
    'both',
    {
      delivery: {
        ...NO_DELIVERY,
        traces: { ...NOTHING, spooled: 2, lost: { memory_full: 1 } },
      },
      spoolDirectory: '/spool',
    },
    'milepost: 1 span lost (memory_full); 2 spans wait in /spool; `milepost flush --spool /spool` sends them',
  ],
  [
    'why it waits, once',
    {
      delivery: {
        traces: { ...NOTHING, spooled: 2, error: 'connect ECONNREFUSED 127.0.0.1:4318' },
        logs: { ...NOTHING, spooled: 3, error: 'connect ECONNREFUSED 127.0.0.1:4318' },
        metrics: { ...NOTHING, error: 'this one waits no more' },
      },
      spoolDirectory: '/spool',
    },
    'milepost: 2 spans, 3 log records wait in /spool (connect ECONNREFUSED 127.0.0.1:4318); `milepost flush --spool /spool` sends them',
  ],
  [
    'the same of signals that fare differently',
    {
      delivery: {
        traces: { ...NOTHING, inMemory: 2, error: '401 Unauthorized' },
        logs: { ...NOTHING, inMemory: 3, error: '503 Service Unavailable' },
        metrics: NOTHING,
      },
    },
    'milepost: 2 spans, 3 log records wait in memory (401 Unauthorized; 503 Service Unavailable)',
  ],
  [
    'no more of a reason than fits into a line',
    {
      delivery: {
        ...NO_DELIVERY,
        traces: { ...NOTHING, inMemory: 1, error: `\u001b[31m${'x'.repeat(300)}` },
      },
    },
    `milepost: 1 span waits in memory (\\u001b[31m${'x'.repeat(195)}…)`,
  ],
  [
    'what no disk took',
    {
      delivery: {
        ...NO_DELIVERY,
        logs: { ...NOTHING, lost: { unsent: 5 }, spoolError: 'ENOSPC: no space left on device' },
      },
      spoolDirectory: "/it's full",
    },
    'milepost: 5 log records lost (unsent: ENOSPC: no space left on device)',
  ],
  [
    'a path that a shell would read otherwise',
    {
      delivery: { ...NO_DELIVERY, logs: { ...NOTHING, spooled: 2 } },
      spoolDirectory: "/it's here",
    },
    "milepost: 2 log records wait in /it's here; `milepost flush --spool '/it'\\''s here'` sends them",
  ],
  [
    'what goes other ways',
    {
      others: {
        ...ALL_OK,
        traces: { status: 'failed', waiting: 0, lost: 2, error: 'no answer in time' },
        registry: { status: 'failed', waiting: 0, lost: 0, error: 'disk full' },
      },
    },
    'milepost: 2 spans lost (no answer in time); records of the registry: disk full',
  ],
  [
    'what the registry lost, which says more than that it failed',
    {
      delivery: { ...NO_DELIVERY, logs: { ...NOTHING, lost: { memory_full: 2 } } },
      others: {
        ...ALL_OK,
        registry: { status: 'failed', waiting: 0, lost: 0, error: 'disk full' },
      },
      registry: [
        { why: 'memory_full', records: 1200 },
        { why: 'unsent: disk full', records: 1 },
      ],
    },
    'milepost: 2 log records, 1,200 records of the registry lost (memory_full); 1 record of the registry lost (unsent: disk full)',
  ],
])('%s', ([, rest, line]) => {
  const none: Rest = {
    delivery: undefined,
    spoolDirectory: undefined,
    others: ALL_OK,
    registry: [],
  };
  expect(describeRest({ ...none, ...rest })).toBe(line);
});
