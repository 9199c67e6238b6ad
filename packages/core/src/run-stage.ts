import { FLAG_VALUE_NAME_REPLACED, FLAG_VALUE_OPTIONS_UNREADABLE } from '@milepost/semconv';
import { UNNAMED, boundedName } from './bounded-name.ts';
import { type StageDefinition } from './define-stage.ts';
import { Flags } from './flags.ts';
import { atOnce, guarded } from './guard.ts';
import { askedOnce } from './outcome.ts';
import { readOptions } from './read-options.ts';
import { activeContext, runningScopeOf } from './scope.ts';
import { StageExecution } from './stage-execution.ts';
import { type StageOptions } from './stage-options.ts';
import { type Stage } from './stage.ts';
import { beginImplicitRun } from './start-run.ts';
import { UNRECORDED_STAGE } from './unrecorded.ts';
import { type OutcomeObserver, watchWork } from './watch-outcome.ts';

const NO_OPTIONS = Object.freeze({});

/**
 * Runs work as a stage and gives back what it gave. Whatever fails on our side, the work runs once.
 * @param giveOptions may throw: it runs a user's function of the arguments
 */
export function runStage<T, Args extends readonly unknown[]>(
  stage: string | StageDefinition,
  giveOptions: (() => StageOptions<Args> | undefined) | undefined,
  args: Args,
  work: (stage: Stage) => T,
): T {
  const begun = guarded(
    'the start of a stage',
    () => beginStageExecution(stage, giveOptions, args),
    undefined,
  );
  if (begun === undefined) return work(UNRECORDED_STAGE);
  const { execution, observer } = begun;
  return watchWork(() => work(execution), execution.context, observer);
}

function beginStageExecution<Args extends readonly unknown[]>(
  stage: string | StageDefinition,
  giveOptions: (() => StageOptions<Args> | undefined) | undefined,
  args: Args,
): { readonly execution: StageExecution; readonly observer: OutcomeObserver } {
  const flags = new Flags();
  const definition = typeof stage === 'string' ? undefined : stage;
  const name = stageName(definition === undefined ? stage : definition.name, flags);
  const options = optionsOf(giveOptions, flags);
  const plan = { name, definition, options, attributes: attributesOf(options, args, flags), flags };
  const context = activeContext();
  const scope = runningScopeOf(context);
  if (scope !== undefined) {
    const execution = new StageExecution(plan, scope, context);
    return { execution, observer: execution };
  }
  // Outside any run: the run that the stage makes for itself lasts as long as the stage, and ends alike.
  const { classify, signal } = options;
  const judged = classify && { classify: askedOnce(classify) };
  const run = beginImplicitRun(name, { ...judged, ...(signal && { signal }) });
  const inside = runningScopeOf(run.context);
  if (inside === undefined) throw new Error('the implicit run has no scope');
  const execution = new StageExecution(
    { ...plan, options: { ...options, ...judged } },
    inside,
    run.context,
  );
  return {
    execution,
    observer: {
      gave: () => execution.gave(),
      ended(outcome) {
        execution.ended(outcome);
        run.ended(outcome);
      },
    },
  };
}

function stageName(given: unknown, flags: Flags): string {
  const name = boundedName(given, flags);
  if (name === undefined) flags.add(FLAG_VALUE_NAME_REPLACED);
  return name ?? UNNAMED;
}

function optionsOf<Args extends readonly unknown[]>(
  giveOptions: (() => StageOptions<Args> | undefined) | undefined,
  flags: Flags,
): StageOptions<Args> {
  if (giveOptions === undefined) return NO_OPTIONS;
  try {
    return readOptions(atOnce(giveOptions()), flags);
  } catch {
    flags.add(FLAG_VALUE_OPTIONS_UNREADABLE);
    return {};
  }
}

function attributesOf<Args extends readonly unknown[]>(
  options: StageOptions<Args>,
  args: Args,
  flags: Flags,
): unknown {
  const { attributes } = options;
  if (typeof attributes !== 'function') return attributes;
  try {
    return atOnce(attributes(...args));
  } catch {
    flags.add(FLAG_VALUE_OPTIONS_UNREADABLE);
    return undefined;
  }
}
