import { type SignalSerializers } from '@milepost/delivery';
import { type RepairedSpan } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';

/** A resource as the SDK's serialiser takes it. */
type Resource = Parameters<SignalSerializers['traces']['serializeRequest']>[0][number]['resource'];

const SERVICE_NAME = 'service.name';

/** Attributes as `OTEL_RESOURCE_ATTRIBUTES` lists them: `key=value,…`, values percent-encoded. */
function attributesFrom(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(0, at)).trim();
    if (key === '') continue;
    const value = pair.slice(at + 1).trim();
    try {
      attributes[key] = decodeURIComponent(value);
    } catch {
      // Not encoded, as many write it.
      attributes[key] = value;
    }
  }
  return attributes;
}

function resourceOf(attributes: Readonly<Record<string, string | number>>): Resource {
  const resource: Resource = {
    attributes,
    merge: () => resource,
    getRawAttributes: () => Object.entries(attributes),
  };
  return resource;
}

/** The resources of what is sent in the place of processes that are gone. */
export class RepairResources {
  readonly #shared: Readonly<Record<string, string>>;
  readonly #made = new Map<string, Resource>();

  /**
   * @param service name of the service; else what the environment names
   * @param isConfirmed whether ends were to be written too
   * @throws {CliError} where no service is named
   */
  constructor(service: string | undefined, env: CliIo['env'], isConfirmed: boolean) {
    const listed = attributesFrom(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '');
    const name = service ?? (env['OTEL_SERVICE_NAME'] || listed[SERVICE_NAME]);
    if (name === undefined || name === '') {
      throw new CliError(
        `${isConfirmed ? 'nothing was written and ' : ''}nothing was sent: whose spans are these? Name the service as the pipeline does, with --service or OTEL_SERVICE_NAME.`,
      );
    }
    this.#shared = { ...listed, [SERVICE_NAME]: name };
  }

  /** That of the process that is gone. The same object each time, so that its records stand together. */
  of({ lost }: RepairedSpan['repaired']): Resource {
    const key = JSON.stringify([lost?.host, lost?.pid]);
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const origin = lost === undefined ? {} : { 'host.name': lost.host, 'process.pid': lost.pid };
    const made = resourceOf({ ...origin, ...this.#shared });
    this.#made.set(key, made);
    return made;
  }
}
