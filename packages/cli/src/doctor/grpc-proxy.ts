import { request } from 'node:http';
import { BlockList, isIPv4 } from 'node:net';
import { type Duplex } from 'node:stream';
import { type CliIo } from '../cli-io.ts';

/** A proxy that the exporters over gRPC go through. */
export interface GrpcProxy {
  /** Of the environment, which names it. */
  readonly variable: string;
  readonly url: URL;
}

function isSubnetOf(listed: string, hostname: string): boolean {
  const [address = '', length = '', ...rest] = listed.split('/');
  const bits = Number.parseInt(length, 10);
  if (rest.length > 0 || !isIPv4(address) || !isIPv4(hostname) || !(bits >= 0 && bits <= 32)) {
    return false;
  }
  const subnet = new BlockList();
  subnet.addSubnet(address, bits);
  return subnet.check(hostname);
}

/**
 * The proxy between here and a host, chosen as `@grpc/grpc-js` does; undefined where there is none.
 * Source: https://github.com/grpc/grpc/blob/master/doc/environment_variables.md and `http_proxy.ts` of `@grpc/grpc-js`.
 * @param hostname without brackets
 */
export function grpcProxyOf(hostname: string, env: CliIo['env']): GrpcProxy | undefined {
  const variable = ['grpc_proxy', 'https_proxy', 'http_proxy'].find((name) => env[name]);
  const named = variable === undefined ? undefined : env[variable];
  if (variable === undefined || named === undefined || !URL.canParse(named)) return undefined;
  const url = new URL(named);
  if (url.protocol !== 'http:') return undefined;
  const excluded = env['no_grpc_proxy'] || env['no_proxy'];
  const isExcluded = (excluded?.split(',') ?? []).some(
    (listed) => isSubnetOf(listed, hostname) || hostname.endsWith(listed),
  );
  return isExcluded ? undefined : { variable, url };
}

/**
 * Connects through a proxy.
 * @param target `host:port`
 * @throws what the connection fails with, and where the proxy refuses
 */
export function connectThrough(
  { url }: GrpcProxy,
  target: string,
  timeoutMs: number,
): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const { hostname, port, username, password } = url;
  const credentials = decodeURIComponent(password === '' ? username : `${username}:${password}`);
  const asking = request({
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: port || '80',
    method: 'CONNECT',
    path: target,
    headers: {
      host: target,
      ...(credentials !== '' && {
        'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}`,
      }),
    },
    agent: false,
  });
  const timer = setTimeout(() => {
    asking.destroy(new Error(`no answer within ${timeoutMs} ms`));
  }, timeoutMs);
  const refuse = (status: number | undefined): void => {
    asking.destroy();
    reject(new Error(`it answers ${status}`));
  };
  asking.on('error', reject);
  asking.on('response', ({ statusCode }) => {
    refuse(statusCode);
  });
  asking.on('connect', ({ statusCode }, socket, head) => {
    if (statusCode === 200) {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    } else {
      socket.destroy();
      refuse(statusCode);
    }
  });
  asking.end();
  return promise.finally(() => {
    clearTimeout(timer);
  });
}
