import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { ServerProcess } from './server-process.ts';

/** The credentials of the server, as the AWS tools read them. */
export const S3_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'milepost',
  AWS_SECRET_ACCESS_KEY: 'milepost-secret',
} as const;

/** A real S3 server over a directory. */
export interface VersityGw {
  /** Its address. */
  readonly endpoint: string;
  /** Its directories are buckets, the files below them objects. */
  readonly directory: string;
  stop(): Promise<void>;
}

/**
 * Starts versitygw on a free port of the loopback interface.
 * @param directory for buckets, accounts and what it prints
 * @param buckets names of those that it has
 */
export async function startVersityGw(
  directory: string,
  buckets: readonly string[],
): Promise<VersityGw> {
  const place = join(directory, 'buckets');
  for (const bucket of buckets) await mkdir(join(place, bucket), { recursive: true });
  const { s3 } = await freePorts(['s3']);
  const endpoint = `http://127.0.0.1:${s3}`;
  const server = new ServerProcess({
    program: 'versitygw',
    args: [
      `--port=127.0.0.1:${s3}`,
      '--health=/health',
      '--keep-alive',
      `--iam-dir=${directory}`,
      'posix',
      place,
    ],
    env: {
      ROOT_ACCESS_KEY: S3_CREDENTIALS.AWS_ACCESS_KEY_ID,
      ROOT_SECRET_KEY: S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    },
    readyUrl: `${endpoint}/health`,
    logFile: join(directory, 'versitygw.log'),
  });
  await server.start();
  return { endpoint, directory: place, stop: () => server.kill() };
}
