import { setTimeout as delay } from 'node:timers/promises';
import { type z } from 'zod';

const POLL_MS = 200;
const LIMIT_MS = 60_000;

/**
 * Asks a server for JSON until the answer is of the wanted shape: what was sent shows up some time later.
 * @throws Error with the last answer after a minute, or `limitMs`
 */
export async function askUntil<Answer>(
  url: string,
  schema: z.ZodType<Answer>,
  limitMs: number = LIMIT_MS,
): Promise<Answer> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const response = await fetch(url, { headers: { accept: 'application/json' } });
    const text = await response.text();
    const parsed = schema.safeParse(response.ok ? JSON.parse(text) : undefined);
    if (parsed.success) return parsed.data;
    if (Date.now() > deadline) {
      throw new Error(
        `${url} answers ${response.status} ${text.slice(0, 2000)}: ${parsed.error.message}`,
      );
    }
    await delay(POLL_MS);
  }
}

/** A URL with its query. */
export function urlWith(base: string, query: Readonly<Record<string, string>>): string {
  return `${base}?${new URLSearchParams(query).toString()}`;
}
