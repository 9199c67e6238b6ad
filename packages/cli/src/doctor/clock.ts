import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type OtlpDestination } from '@milepost/delivery';
import { durationText } from '../duration-text.ts';
import { type DoctorFinding, fine, noteworthy, wrong } from './finding.ts';

/** What a look at two clocks can tell: a `Date` header knows whole seconds. */
const NOTED_MS = 5_000;
/** So far in the future Loki takes no line (its `creation_grace_period`). */
const REFUSED_MS = 10 * 60_000;

/** The `Date` of an answer, whatever else it says. */
async function dateOf(destination: OtlpDestination): Promise<string | undefined> {
  const { url, headers, agent, timeoutMs } = await destination.resolve();
  const send = new URL(url).protocol === 'https:' ? httpsRequest : httpRequest;
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const signal = AbortSignal.timeout(timeoutMs);
  const request = send(url, { method: 'HEAD', headers: { ...headers }, agent, signal });
  request.on('error', reject);
  request.on('response', (response) => {
    response.resume();
    resolve(response.headers.date);
  });
  request.end();
  return promise;
}

/** How far the collector's clock is from ours, as far as it tells the time. */
export async function checkClock(
  destination: OtlpDestination,
  now: () => number,
): Promise<readonly DoctorFinding[]> {
  const asked = now();
  let theirs: number;
  try {
    theirs = Date.parse((await dateOf(destination)) ?? '');
  } catch {
    // It took what matters. That it does not take this kind of request is no fault.
    return [];
  }
  if (Number.isNaN(theirs)) return [];
  const answered = now();
  // The header leaves the part of a second out, and was written somewhen in between.
  const skew = theirs + 500 - (asked + answered) / 2;
  const doubt = 500 + (answered - asked) / 2;
  if (Math.abs(skew) <= NOTED_MS + doubt) {
    return [fine('clock', "the collector's clock and this one agree")];
  }
  const by = durationText(Math.abs(skew) / 1000);
  const message = `the collector's clock is ${by} ${skew > 0 ? 'ahead of' : 'behind'} this one`;
  const todo = 'Let both machines set their clocks by NTP.';
  return [
    Math.abs(skew) >= REFUSED_MS
      ? wrong('clock', `${message}: what looks so new or so old may be refused`, todo)
      : noteworthy('clock', message, todo),
  ];
}
