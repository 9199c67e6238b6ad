import { FLAG_VALUE_ENVELOPE_INVALID } from '@milepost/semconv';
import { flagChanges } from './envelope-changes.ts';
import { runEnvironment } from './environment.ts';
import { Flags } from './flags.ts';
import { reportOnce } from './guard.ts';
import { newIdentity } from './new-identity.ts';
import { type JoinedByEnvelope, readEnvelope } from './read-envelope.ts';
import { readOptions } from './read-options.ts';
import { RunExecution, type RunPlan } from './run-execution.ts';
import { ITEM_SPANS_VALUES, type ItemSpans, type RunOptions } from './run-options.ts';
import { activeScope } from './scope.ts';

/** Begins the run that `withRun` was asked for, or joins the parent process's. May throw: guard it. */
export function beginRunExecution(given: RunOptions): RunExecution {
  const flags = new Flags();
  const options = readOptions(given, flags);
  const outer = activeScope()?.run;
  const joined = outer === undefined ? joinedByEnvironment(flags) : undefined;
  return new RunExecution({
    identity: joined?.identity ?? newIdentity(options, outer, flags),
    parent: joined?.parent,
    envelope: joined,
    flags,
    ...planOptions(options),
  });
}

/** Begins the run that a stage or job outside any run makes for itself, named like it. May throw: guard it. */
export function beginImplicitRun(
  name: string,
  options: Pick<RunOptions, 'classify' | 'signal'> & Partial<Pick<RunOptions, 'runId' | 'attempt'>>,
  flags: Flags = new Flags(),
): RunExecution {
  const joined = joinedByEnvironment(flags);
  const { runId, attempt } = options;
  return new RunExecution({
    identity: joined?.identity ?? {
      ...newIdentity(
        { pipeline: name, ...(runId && { runId }), ...(attempt && { attempt }) },
        undefined,
        flags,
      ),
      implicit: true,
    },
    parent: joined?.parent,
    envelope: joined,
    flags,
    ...planOptions(options),
  });
}

/** The parts of a plan that are taken from the options as they are. */
export function planOptions(
  options: Pick<RunOptions, 'attributes' | 'itemSpans' | 'classify' | 'signal'>,
): Pick<RunPlan, 'attributes' | 'itemSpans' | 'classify' | 'signal'> {
  return {
    attributes: options.attributes,
    itemSpans: itemSpansOf(options.itemSpans),
    classify: options.classify,
    signal: options.signal,
  };
}

/** The run that the environment hands over, if it does. */
export function joinedByEnvironment(flags: Flags): JoinedByEnvelope | undefined {
  const { envelope } = runEnvironment();
  if (envelope === undefined) return undefined;
  try {
    const joined = readEnvelope(envelope);
    for (const part of [joined.carried, joined.stage, joined.job]) flagChanges(part, flags);
    return joined;
  } catch (error) {
    flags.add(FLAG_VALUE_ENVELOPE_INVALID);
    reportOnce(
      'envelope',
      `MILEPOST_RUN is no envelope of a run (${String(error)}); a run of its own begins`,
    );
    return undefined;
  }
}

/** Which items become spans, where that was said. */
export function itemSpansOf(given: unknown): ItemSpans {
  return ITEM_SPANS_VALUES.find((value) => value === given) ?? 'failed';
}
