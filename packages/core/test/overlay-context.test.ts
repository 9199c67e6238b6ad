import { type Context, ROOT_CONTEXT, context, createContextKey } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currentRun, currentStage, withRun, withStage } from '@milepost/core';
import { OverlayContext } from '../src/overlay-context.ts';
import { useSdk } from './telemetry-harness.ts';

useSdk();

const KEYS = ['a', 'b', 'c', 'd'].map((name) => createContextKey(`overlay ${name}`));
const key = fc.constantFrom(...KEYS);
const step = fc.oneof(
  fc.record({ kind: fc.constant('overlay' as const), key, value: fc.integer() }),
  fc.record({ kind: fc.constant('set' as const), key, value: fc.integer() }),
  fc.record({ kind: fc.constant('delete' as const), key, value: fc.constant(0) }),
);

test('a context with one more value is as one made by setValue, and its parent stays as it was', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const valuesOf = (one: Context): unknown[] => KEYS.map((each) => one.getValue(each));
      let overlaid: Context = ROOT_CONTEXT;
      let plain: Context = ROOT_CONTEXT;
      for (const { kind, key: of, value } of steps) {
        const [before, parent] = [valuesOf(overlaid), overlaid];
        if (kind === 'overlay') overlaid = new OverlayContext(overlaid, of, value);
        else overlaid = kind === 'set' ? overlaid.setValue(of, value) : overlaid.deleteValue(of);
        plain = kind === 'delete' ? plain.deleteValue(of) : plain.setValue(of, value);
        expect(valuesOf(overlaid)).toEqual(valuesOf(plain));
        expect(valuesOf(parent)).toEqual(before);
      }
    }),
  );
});

test('what a user puts into the context travels with the stages, both ways', () => {
  const [tenant = createContextKey('tenant')] = KEYS;
  const seen = context.with(context.active().setValue(tenant, 'alameda'), () =>
    withRun({ pipeline: 'context', runId: 'context-1' }, () =>
      withStage('outer', () =>
        context.with(context.active().setValue(tenant, 'berkeley'), () =>
          withStage('inner', () => [
            context.active().getValue(tenant),
            currentRun()?.runId,
            currentStage()?.name,
          ]),
        ),
      ),
    ),
  );
  expect(seen).toEqual(['berkeley', 'context-1', 'inner']);
});
