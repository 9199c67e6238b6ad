import { type StageDefinition } from './define-stage.ts';
import { runStage } from './run-stage.ts';
import { type StageOptions } from './stage-options.ts';
import { type Stage } from './stage.ts';

/**
 * Runs `fn` now, as a stage of the run around it, and gives back exactly what it gives back: the value of a synchronous
 * function, the same outcome of a promise, the same error. An iterator, generator or stream comes back watched: the stage
 * lasts as long as its consumption. Outside any run the stage makes a run of its own.
 *
 * Never throws an error of its own.
 */
export function withStage<T, Definition extends StageDefinition = StageDefinition>(
  stage: string | Definition,
  fn: (stage: Stage<Definition>) => T,
): T;
export function withStage<T, Definition extends StageDefinition = StageDefinition>(
  stage: string | Definition,
  options: StageOptions<readonly []>,
  fn: (stage: Stage<Definition>) => T,
): T;
export function withStage<T>(
  this: unknown,
  stage: string | StageDefinition,
  ...rest:
    | readonly [fn: (stage: Stage) => T]
    | readonly [options: StageOptions<readonly []>, fn: (stage: Stage) => T]
): T {
  const [options, fn] = rest.length === 1 ? [undefined, rest[0]] : rest;
  return runStage(stage, options && (() => options), [], (handle) =>
    Reflect.apply(fn, this, [handle]),
  );
}
