import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

const notificationSchema = z.object({
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
});

/** An alert as Alertmanager tells it, and when it did, in milliseconds since the Unix epoch. */
export type ToldAlert = z.infer<typeof notificationSchema>['alerts'][number] & {
  readonly at: number;
};

/** Someone whom Alertmanager tells of alerts. */
export interface Webhook {
  readonly url: string;
  /** Resolves with the first alert of that name, and with these labels, told to be so, now or later. */
  told(
    status: ToldAlert['status'],
    alertname: string,
    labels?: Readonly<Record<string, string>>,
  ): Promise<ToldAlert>;
  close(): Promise<void>;
}

/** Listens on loopback. */
export async function startWebhook(): Promise<Webhook> {
  const alerts: ToldAlert[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const at = Date.now();
      alerts.push(...notificationSchema.parse(body).alerts.map((alert) => ({ ...alert, at })));
      response.end();
      for (const look of waiting) look();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    told: async (status, alertname, labels = {}) => {
      const wanted = Object.entries({ alertname, ...labels });
      const found = Promise.withResolvers<ToldAlert>();
      const look = (): void => {
        const alert = alerts.find(
          (one) =>
            one.status === status && wanted.every(([name, value]) => one.labels[name] === value),
        );
        if (alert !== undefined) found.resolve(alert);
      };
      waiting.add(look);
      look();
      return found.promise.finally(() => waiting.delete(look));
    },
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
