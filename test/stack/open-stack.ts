import { type Stack, startStack } from './start-stack.ts';

/** A stack for those who only send and ask. */
export type OpenedStack = Pick<
  Stack,
  'otlpUrl' | 'tempoUrl' | 'lokiUrl' | 'prometheusUrl' | 'stop'
>;

/**
 * The stack that runs already, where MILEPOST_STACK_OTLP says where it takes OTLP/HTTP (MILEPOST_STACK_TEMPO, _LOKI and _PROMETHEUS:
 * where one asks; default: where compose.yaml has them). Otherwise one is started, and `stop` ends it.
 */
export async function openStack(): Promise<OpenedStack> {
  const {
    MILEPOST_STACK_OTLP: otlpUrl,
    MILEPOST_STACK_TEMPO: tempoUrl = 'http://127.0.0.1:3200',
    MILEPOST_STACK_LOKI: lokiUrl = 'http://127.0.0.1:3100',
    MILEPOST_STACK_PROMETHEUS: prometheusUrl = 'http://127.0.0.1:9090',
  } = process.env;
  if (otlpUrl === undefined) return startStack();
  return { otlpUrl, tempoUrl, lokiUrl, prometheusUrl, stop: async () => undefined };
}
