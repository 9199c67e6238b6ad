import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A port of loopback for each name, all different, that nobody listens on now. Another program may take one before it is used. */
export async function freePorts<Name extends string>(
  names: readonly Name[],
): Promise<Record<Name, number>> {
  const held = await Promise.all(
    names.map(async (name) => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return { name, server };
    }),
  );
  const ports = held.map(({ name, server }) => [name, (server.address() as AddressInfo).port]);
  await Promise.all(held.map(({ server }) => once(server.close(), 'close')));
  return Object.fromEntries(ports) as Record<Name, number>;
}
