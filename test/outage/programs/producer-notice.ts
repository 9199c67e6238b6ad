import { type Waiting } from './contender.ts';

/** What `produce.ts` says over IPC: that its telemetry starts now, what waits, that all stages are made, and how it ended. */
export type ProducerNotice =
  | { readonly kind: 'begins' }
  | { readonly kind: 'state'; readonly waiting: Waiting | null }
  | { readonly kind: 'made'; readonly seconds: number }
  | {
      readonly kind: 'ended';
      /** What its telemetry said of the shutdown. */
      readonly report: unknown;
      readonly peakRssBytes: number;
      /** When its end began, in milliseconds since the Unix epoch. */
      readonly at: number;
    };

/** How it is told to end: what is left is to be sent by `shutdown()`, or it is left to `process.exit()`. */
export type EndOrder = 'shutdown' | 'exit';
