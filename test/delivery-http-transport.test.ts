import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { HttpTransport, type OtlpRequest, otlpDestination } from '@milepost/delivery';
import { type OtlpServer, startOtlpServer, testCertificate } from './otlp-server/index.ts';

const NEVER = new AbortController().signal;

afterEach(() => {
  vi.unstubAllEnvs();
});

async function startServer(options: { readonly tls?: boolean } = {}): Promise<OtlpServer> {
  const server = await startOtlpServer(options);
  onTestFinished(() => server.close());
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', server.url);
  return server;
}

function request(overrides: Partial<OtlpRequest> = {}): OtlpRequest {
  return {
    signal: 'logs',
    sequence: 1,
    body: Buffer.from('{"resourceLogs":[]}'),
    encoding: 'identity',
    contentType: 'application/json',
    records: 1,
    time: 1,
    isSuperseded: false,
    ...overrides,
  };
}

test('over TLS, with the certificate that the environment names, gzipped', async () => {
  const server = await startServer({ tls: true });
  vi.stubEnv('OTEL_EXPORTER_OTLP_CERTIFICATE', testCertificate);
  vi.stubEnv('OTEL_EXPORTER_OTLP_LOGS_COMPRESSION', 'gzip');
  const transport = new HttpTransport(otlpDestination('logs'));
  onTestFinished(() => {
    transport.close();
  });
  expect(await transport.send(request(), NEVER)).toEqual({ kind: 'accepted', rejected: 0 });
  expect(server.requests).toMatchObject([
    { signal: 'logs', body: { resourceLogs: [] }, headers: { 'content-encoding': 'gzip' } },
  ]);
});

test('over TLS, with a certificate that is not known', async () => {
  const server = await startServer({ tls: true });
  const transport = new HttpTransport(otlpDestination('logs'));
  expect(await transport.send(request(), NEVER)).toEqual({
    kind: 'unavailable',
    message: expect.stringContaining('self-signed certificate'),
    isRefused: false,
    isUnanswered: false,
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  expect(server.requests).toEqual([]);
});

test('a request that waited says itself what it is', async () => {
  const server = await startServer();
  const transport = new HttpTransport(otlpDestination('logs', { protocol: 'http/json' }));
  onTestFinished(() => {
    transport.close();
  });
  const waited = request({ contentType: 'application/x-protobuf', body: Uint8Array.of(0x0a, 0) });
  expect(await transport.send(waited, NEVER)).toEqual({ kind: 'accepted', rejected: 0 });
  expect(server.requests).toMatchObject([{ body: { resourceLogs: [{}] } }]);
});
