import { type Waiting } from './contender.ts';

/** What `produce.ts` says over IPC: what waits, that all stages are made, and how it ended. */
export type ProducerNotice =
  | { readonly kind: 'state'; readonly waiting: Waiting | null }
  | { readonly kind: 'made'; readonly seconds: number }
  | { readonly kind: 'ended'; readonly report: unknown; readonly peakRssBytes: number };
