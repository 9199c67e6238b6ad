import { once } from 'node:events';
import { type ServerHttp2Stream, createServer } from 'node:http2';
import { type AddressInfo } from 'node:net';
import { type Signal } from './otlp-server.ts';
import { decodeProtobuf } from './protobuf.ts';

export interface GrpcServer {
  readonly url: string;
  readonly requests: readonly { readonly signal: Signal; readonly body: unknown }[];
  close(): Promise<void>;
}

/** Takes OTLP over gRPC without TLS, enough to see that it was chosen and what it carried. */
export async function startGrpcServer(): Promise<GrpcServer> {
  const requests: { signal: Signal; body: unknown }[] = [];
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const service = /collector\.(trace|logs|metrics)\.v1/.exec(headers[':path'] ?? '')?.[1];
      const signal = service === 'trace' ? 'traces' : (service as Signal);
      // A compression flag and the length stand before the message.
      requests.push({ signal, body: decodeProtobuf(signal, Buffer.concat(chunks).subarray(5)) });
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.alloc(5));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: async () => {
      server.close();
      for (const session of sessions) session.destroy();
      await once(server, 'close');
    },
  };
}
