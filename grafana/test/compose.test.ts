import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../..');

const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      profiles: z.array(z.string()).min(1),
      image: z.string(),
      ports: z.array(z.string()).default([]),
      volumes: z.array(z.string()).default([]),
      networks: z.object({ default: z.object({ aliases: z.array(z.string()) }) }).optional(),
    }),
  ),
  volumes: z.record(z.string(), z.null()),
});
const datasourcesSchema = z.object({
  datasources: z.array(z.object({ uid: z.string(), url: z.string() })),
});
const uidsSchema = z.object({
  panels: z.array(
    z.object({ targets: z.array(z.object({ datasource: z.object({ uid: z.string() }) })) }),
  ),
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

const compose = composeSchema.parse(parse(read('compose.yaml')));
const services = Object.entries(compose.services);
const { datasources } = datasourcesSchema.parse(
  parse(read('grafana/provisioning/datasources/milepost.yaml')),
);
const profiles = ['lgtm', 'full'];

/** The names by which the services of a profile reach each other. */
function namesIn(profile: string): readonly string[] {
  return services
    .filter(([, service]) => service.profiles.includes(profile))
    .flatMap(([name, { networks }]) => [name, ...(networks?.default.aliases ?? [])]);
}

describe.for(services)('%s', ([, { image, ports, volumes }]) => {
  test('has a pinned image', () => {
    expect(image).toMatch(/:v?\d+\.\d+/);
  });

  test('listens on loopback only', () => {
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('mounts what is there', () => {
    const sources = volumes.map((volume) => volume.split(':')[0] ?? '');
    const missing = sources.filter((source) =>
      source.startsWith('.') ? !existsSync(join(ROOT, source)) : !(source in compose.volumes),
    );
    expect(missing).toEqual([]);
  });
});

test.for(profiles)(
  'no two services of the profile %s have a port of the host in common',
  (profile) => {
    const ports = services
      .filter(([, service]) => service.profiles.includes(profile))
      .flatMap(([, service]) => service.ports.map((port) => port.split(':').slice(0, 2).join(':')));
    expect(ports).toEqual([...new Set(ports)]);
  },
);

test.for(profiles)(
  'the datasources and the collector find their servers in the profile %s',
  (profile) => {
    const collector = read('otel-collector/config.yaml').matchAll(
      /:-(?:https?:\/\/)?(?<host>[a-z-]+):\d+\}/g,
    );
    const hosts = [
      ...datasources.map(({ url }) => new URL(url).hostname),
      ...[...collector].map((match) => match.groups?.['host'] ?? ''),
    ];
    expect(hosts.toSorted()).toEqual([
      'loki',
      'loki',
      'prometheus',
      'prometheus',
      'tempo',
      'tempo',
    ]);
    expect(namesIn(profile)).toEqual(expect.arrayContaining(hosts));
  },
);

test('the profile that runs where none is named is one of them', () => {
  expect(profiles).toContain(
    /^COMPOSE_PROFILES=(?<profile>.+)$/m.exec(read('.env'))?.groups?.['profile'],
  );
});

test.for(readdirSync(join(ROOT, 'grafana/dashboards')))(
  '%s asks datasources that are there',
  (file) => {
    const { panels } = uidsSchema.parse(JSON.parse(read(`grafana/dashboards/${file}`)));
    const uids = panels.flatMap(({ targets }) => targets.map(({ datasource }) => datasource.uid));
    expect(datasources.map(({ uid }) => uid)).toEqual(expect.arrayContaining([...new Set(uids)]));
  },
);

test('each alert has a section of the runbook, and none has a section too many', () => {
  const rules = [...read('grafana/rules/milepost.yaml').matchAll(/- alert: (?<name>\w+)/g)];
  const sections = [...read('grafana/RUNBOOK.md').matchAll(/^## (?<name>\w+)$/gm)];
  const names = (found: readonly RegExpMatchArray[]): readonly string[] =>
    found.map(({ groups }) => groups?.['name'] ?? '').toSorted();
  expect(names(rules)).toEqual(names(sections));
});
