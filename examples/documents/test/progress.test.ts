import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { log, withItem, withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { createProgress, type ProgressStream } from '../src/progress.ts';

/** What a stream was given, in one text. */
class Screen implements ProgressStream {
  readonly isTTY: boolean;
  readonly columns: number;
  text = '';

  constructor(columns?: number) {
    this.isTTY = columns !== undefined;
    this.columns = columns ?? 80;
  }

  write(text: string): void {
    this.text += text;
  }
}

beforeEach(() => {
  for (const signal of ['TRACES', 'LOGS', 'METRICS']) vi.stubEnv(`OTEL_${signal}_EXPORTER`, 'none');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function showRun(screen: Screen): Promise<void> {
  const telemetry = await startTelemetry({ logRecordProcessors: [createProgress(screen)] });
  withRun({ pipeline: 'documents' }, () => {
    withStage('ocr', () => {
      log.info('Reading page 1 of a very long name.pdf');
      for (const id of ['a', 'b\u{1B}[31m\n']) {
        try {
          withItem(id, () => {
            if (id !== 'a') throw new TypeError('broken\nfile');
          });
        } catch {
          // The item failed, as it was to.
        }
      }
    });
  });
  await telemetry.shutdown();
}

const withoutTimes = (text: string) => text.replaceAll(/\d+\.\d s/g, '0.0 s');

test('a file gets plain lines', async () => {
  const screen = new Screen();
  await showRun(screen);
  expect(withoutTimes(screen.text).split('\n')).toEqual([
    'ocr started',
    'ocr Reading page 1 of a very long name.pdf',
    'ocr b? failed: TypeError: broken?file',
    'ocr partial after 0.0 s',
    '',
  ]);
});

test('a terminal keeps what ended and rewrites the rest within its width', async () => {
  const screen = new Screen(20);
  await showRun(screen);
  const clear = '\r\u{1B}[2K';
  expect(withoutTimes(screen.text).split(clear)).toEqual([
    '',
    'ocr started',
    'ocr Reading page 1 ',
    'ocr b? failed: TypeError: broken?file\n',
    'ocr partial after 0.0 s\n',
    '',
  ]);
});
