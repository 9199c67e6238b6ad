/** Sends one request, and does nothing else. With `hold` it stays until there is an outcome, which it prints. */
import { writeSync } from 'node:fs';
import { HttpTransport, otlpDestination } from '@milepost/delivery';

const transport = new HttpTransport(otlpDestination('traces'));
const request = {
  signal: 'traces',
  sequence: 1,
  body: Buffer.from('{"resourceSpans":[]}'),
  encoding: 'identity',
  contentType: 'application/json',
  records: 1,
  time: Date.now(),
  isSuperseded: false,
};
const print = (what) => writeSync(1, `${JSON.stringify(what)}\n`);
const { argv } = process;

void transport.send(request, new AbortController().signal).then(print);
if (argv.includes('hold')) setImmediate(() => transport.holdProcess(true));
process.on('beforeExit', () => print('nothing to do'));
