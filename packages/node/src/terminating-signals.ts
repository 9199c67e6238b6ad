/**
 * The signals that end a program which does not listen for them, and that people and supervisors send: by a stop, Ctrl+C, a
 * closed terminal. Not SIGQUIT: who sends that wants a core dump of the moment.
 */
export const TERMINATING_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** One of {@link TERMINATING_SIGNALS}. */
export type TerminatingSignal = (typeof TERMINATING_SIGNALS)[number];

/** Whether a name is one of {@link TERMINATING_SIGNALS}. */
export function isTerminatingSignal(name: unknown): name is TerminatingSignal {
  return TERMINATING_SIGNALS.some((signal) => signal === name);
}
