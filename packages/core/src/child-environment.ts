import { currentEnvelope } from './current-envelope.ts';
import { ENVIRONMENT_ENVELOPE } from './environment.ts';
import { guarded } from './guard.ts';

/**
 * Environment variables that make `withRun` in a child process join the run around this call, and its lines carry the stage and the
 * job around it: `spawn(command, { env: { ...process.env, ...childEnvironment() } })`. Empty outside any run.
 */
export function childEnvironment(): Record<string, string> {
  return guarded<Record<string, string>>(
    'childEnvironment',
    () => {
      const envelope = currentEnvelope();
      return envelope === undefined ? {} : { [ENVIRONMENT_ENVELOPE]: JSON.stringify(envelope) };
    },
    {},
  );
}
