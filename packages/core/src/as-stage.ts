import { type StageDefinition } from './define-stage.ts';
import { runStage } from './run-stage.ts';
import { type StageOptions } from './stage-options.ts';

/**
 * The same function as a stage: each call is one execution. Signature, overloads, `this`, `name`, `length` and own
 * properties stay. What its stage shall say is said through `currentStage()`.
 * @param options of each execution, or a function of the arguments that gives them. Arguments are never recorded otherwise.
 */
export function asStage<F extends (...args: never[]) => unknown>(
  stage: string | StageDefinition,
  fn: F,
  options?: StageOptions<Parameters<F>> | ((...args: Parameters<F>) => StageOptions<Parameters<F>>),
): F {
  return new Proxy(fn, {
    apply(target, self, args: Parameters<F>) {
      const readOptions =
        options && (() => (typeof options === 'function' ? options(...args) : options));
      return runStage(stage, readOptions, args, () => Reflect.apply(target, self, args));
    },
  });
}
