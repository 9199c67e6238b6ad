import { type OtlpRequest } from '@milepost/delivery';

/** A request of traces, with `records` records in its account whatever its body is. */
export function traceRequest(overrides: Partial<OtlpRequest> = {}): OtlpRequest {
  return {
    signal: 'traces',
    sequence: 1,
    body: new TextEncoder().encode('{"resourceSpans":[]}'),
    encoding: 'identity',
    contentType: 'application/json',
    records: 10,
    time: Date.UTC(2026, 0, 1),
    isSuperseded: false,
    ...overrides,
  };
}
