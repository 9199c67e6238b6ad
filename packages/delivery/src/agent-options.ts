import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

/**
 * What an agent like this one is made of: certificates, keys, limits.
 *
 * @returns undefined where it cannot be made again in another thread: an agent of another class, such as one that goes
 * through a proxy, or one with functions of its own, such as one that checks who the server is
 */
export function agentOptionsOf(agent: HttpAgent): object | undefined {
  const { constructor } = agent;
  if (constructor !== HttpAgent && constructor !== HttpsAgent) return undefined;
  if (Object.hasOwn(agent, 'createConnection')) return undefined;
  const options: unknown = Reflect.get(agent, 'options');
  if (typeof options !== 'object' || options === null) return undefined;
  try {
    return structuredClone(options);
  } catch {
    return undefined;
  }
}
