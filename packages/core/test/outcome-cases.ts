/** How a caller sees that a call went. */
export type Seen = { readonly gave: unknown } | { readonly threw: unknown };

/** A way in which work can go, and what the stage around it says then. */
export interface OutcomeCase {
  readonly name: string;
  /** Makes the work, so that a test knows the very object that must come out. */
  readonly make: () => { readonly work: () => unknown; readonly expected: Seen };
  readonly isAsync: boolean;
  readonly status: 'completed' | 'failed' | 'cancelled';
  readonly errorType?: string;
}

function errorWith(getter: PropertyKey): Error {
  return Object.defineProperty(new Error('hidden'), getter, {
    get() {
      throw new Error('a getter that throws');
    },
  });
}

/** A proxy each of whose traps throws. */
export function hostileProxy(): object {
  const refuse = (): never => {
    throw new Error('a proxy that refuses');
  };
  return new Proxy(
    {},
    new Proxy(
      {},
      {
        get: () => refuse,
      },
    ),
  );
}

function cyclic(): Error {
  const first = new Error('first');
  const second = new Error('second', { cause: first });
  first.cause = second;
  return first;
}

// Each of them leads to all: whoever follows every path never comes back.
function cyclicAggregate(): Error {
  const all = Array.from({ length: 12 }, (_, i) => new AggregateError([], `cyclic ${i}`));
  for (const one of all) one.errors = all;
  return new AggregateError(all, 'cyclic');
}

function aborted(reason?: unknown): unknown {
  const controller = new AbortController();
  controller.abort(reason);
  return controller.signal.reason;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const VALUES: readonly (readonly [string, () => unknown])[] = [
  ['a value', () => ({ some: 'value' })],
  ['undefined', () => undefined],
  ['null', () => null],
  ['a function', () => () => 1],
  ['an array', () => [1, 2, 3]],
  ['a Map', () => new Map([[1, 2]])],
  ['a frozen object', () => Object.freeze({ frozen: true })],
  ['an object without prototype', () => Object.create(null) as unknown],
];

// A promise cannot resolve to these: resolving reads their `then`.
const UNRESOLVABLE: readonly (readonly [string, () => unknown])[] = [
  ['a proxy that throws on everything', hostileProxy],
  ['a revoked proxy', revoked],
];

const ERRORS: readonly (readonly [
  string,
  () => unknown,
  { readonly status?: 'failed' | 'cancelled'; readonly errorType?: string },
])[] = [
  ['an error', () => new TypeError('broken'), { errorType: 'TypeError' }],
  ['a string', () => 'just text', { errorType: 'string' }],
  ['undefined', () => undefined, { errorType: 'undefined' }],
  ['null', () => null, { errorType: 'null' }],
  ['a symbol', () => Symbol('thrown'), { errorType: 'symbol' }],
  ['a frozen error', () => Object.freeze(new RangeError('frozen')), { errorType: 'RangeError' }],
  ['an error with a throwing message getter', () => errorWith('message'), { errorType: 'Error' }],
  ['an error with a throwing name getter', () => errorWith('name'), { errorType: 'Error' }],
  ['an error with a throwing stack getter', () => errorWith('stack'), { errorType: 'Error' }],
  ['an error with a throwing cause getter', () => errorWith('cause'), { errorType: 'Error' }],
  ['a proxy that throws on everything', hostileProxy, { errorType: '_OTHER' }],
  ['a revoked proxy', revoked, { errorType: '_OTHER' }],
  [
    'an AggregateError',
    () => new AggregateError([new Error('one'), new TypeError('two')], 'several'),
    { errorType: 'AggregateError' },
  ],
  [
    'an error whose errors are a revoked proxy',
    () => Object.assign(new Error('hostile list'), { errors: revoked() }),
    { errorType: 'Error' },
  ],
  ['a DOMException', () => new DOMException('no', 'DataError'), { errorType: 'DataError' }],
  ['an error with cyclic causes', cyclic, { errorType: 'Error' }],
  ['an AggregateError with cyclic errors', cyclicAggregate, { errorType: 'AggregateError' }],
  [
    'an error with a code',
    () => Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    { errorType: 'ECONNREFUSED' },
  ],
  ['an AbortError', () => aborted(), { status: 'cancelled' }],
  [
    'the TimeoutError of AbortSignal.timeout',
    () => new DOMException('The operation was aborted due to timeout', 'TimeoutError'),
    { errorType: 'TimeoutError' },
  ],
];

/** Every way in which work can go that is no iterator or stream. */
export const OUTCOME_CASES: readonly OutcomeCase[] = [
  ...[...VALUES, ...UNRESOLVABLE].map(([name, create]): OutcomeCase => ({
    name: `returns ${name}`,
    isAsync: false,
    status: 'completed',
    make() {
      const value = create();
      return { work: () => value, expected: { gave: value } };
    },
  })),
  ...VALUES.map(([name, create]): OutcomeCase => ({
    name: `resolves to ${name}`,
    isAsync: true,
    status: 'completed',
    make() {
      const value = create();
      return { work: async () => value, expected: { gave: value } };
    },
  })),
  ...ERRORS.map(([name, create, { status = 'failed', errorType }]): OutcomeCase => ({
    name: `throws ${name}`,
    isAsync: false,
    status,
    ...(errorType !== undefined && { errorType }),
    make() {
      const error = create();
      return {
        work: () => {
          throw error;
        },
        expected: { threw: error },
      };
    },
  })),
  ...ERRORS.map(([name, create, { status = 'failed', errorType }]): OutcomeCase => ({
    name: `rejects with ${name}`,
    isAsync: true,
    status,
    ...(errorType !== undefined && { errorType }),
    make() {
      const error = create();
      return {
        work: async () => {
          await Promise.resolve();
          throw error;
        },
        expected: { threw: error },
      };
    },
  })),
];
