import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Registry, type RunDetail, openRegistry } from '@milepost/registry';
import { createRunId } from '@milepost/run-id';
import { ExampleProgram } from './example-program.ts';
import { type ExampleRun, type RunKind, type StackUrls } from './example-runs.ts';
import { untilReceived } from './until-received.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const POLL_MS = 100;
const HELD_LIMIT_MS = 180_000;

/** What is run, and where. */
interface ExamplePlan {
  readonly example: ExampleRun['example'];
  /** Of its files. The registry is `data` in it. */
  readonly directory: string;
  readonly stack: StackUrls;
  /** What it needs besides a place to send to. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs an example again and again, in one directory. */
export class RunExample {
  /** Of its files. */
  readonly directory: string;
  /** Of its registry. */
  readonly root: string;
  /** In the order of their beginnings. */
  readonly runs: ExampleRun[] = [];
  readonly #plan: ExamplePlan;
  readonly #programs = new Set<ExampleProgram>();

  constructor(plan: ExamplePlan) {
    this.#plan = plan;
    this.directory = plan.directory;
    this.root = join(plan.directory, 'data');
  }

  /**
   * Runs it to its end, and expects the run to come out as that kind.
   * @throws Error with what the program said
   */
  async toEnd(
    kind: Exclude<RunKind, 'killed' | 'running'>,
    subdomain: string,
    argv: readonly string[],
    runId: string = createRunId({ subdomain }),
  ): Promise<void> {
    const program = this.#start(kind, subdomain, argv, runId);
    const { said } = await program.ended;
    const state = await this.#read(async (registry) => (await registry.readRun(runId))?.status);
    if (state !== kind) throw new Error(`${runId} is ${String(state)}, not ${kind}:\n${said}`);
  }

  /**
   * Runs it until it waits in its compilation with nothing else to do, and all that it told until then has been received.
   * Then it is killed, or goes on waiting.
   * @param after the stage that is then the last to have ended
   * @throws Error with what the program said, where it does not get there
   */
  async toHold(
    kind: 'killed' | 'running',
    subdomain: string,
    argv: readonly string[],
    after: string,
  ): Promise<void> {
    const runId = createRunId({ subdomain });
    const program = this.#start(kind, subdomain, argv, runId);
    const ended = program.ended.then(({ said }) => {
      throw new Error(`${runId} ended, and should have waited:\n${said}`);
    });
    // It does, later.
    ended.catch(() => {});
    const held = this.#read((registry) => untilHeld(registry, runId, after));
    const run = await Promise.race([held, ended]);
    await Promise.race([untilReceived(this.#plan.stack, run), ended]);
    if (kind === 'killed') await program.kill();
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.kill()));
  }

  #start(kind: RunKind, subdomain: string, argv: readonly string[], runId: string): ExampleProgram {
    const { example, directory, stack, env } = this.#plan;
    const main = join(EXAMPLES, example, 'src/main.ts');
    const program = new ExampleProgram(
      [main, ...argv, '--root', this.root, '--subdomain', subdomain, '--run-id', runId],
      {
        cwd: directory,
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
          // Nobody waits a minute for what a run has told.
          OTEL_METRIC_EXPORT_INTERVAL: '1000',
          ...env,
        },
      },
    );
    this.#programs.add(program);
    this.runs.push({ example, kind, runId, subdomain, root: this.root });
    return program;
  }

  async #read<Value>(work: (registry: Registry) => Promise<Value>): Promise<Value> {
    const registry = openRegistry({ root: this.root });
    try {
      return await work(registry);
    } finally {
      await registry.close();
    }
  }
}

/** The run, when of it only the compilation goes on, and that stage has ended. */
async function untilHeld(registry: Registry, runId: string, after: string): Promise<RunDetail> {
  const deadline = Date.now() + HELD_LIMIT_MS;
  for (;;) {
    const run = await registry.readRun(runId);
    const parts = [...(run?.executions ?? []), ...(run?.jobs ?? [])];
    const going = parts.filter(({ endTime }) => endTime === undefined);
    const hasEnded = parts.some(({ stage, endTime }) => stage === after && endTime !== undefined);
    const isHeld = going.length > 0 && going.every(({ stage }) => stage === 'compilation');
    if (run !== undefined && hasEnded && isHeld) return run;
    if (Date.now() > deadline) {
      throw new Error(`${runId} does not come to wait: ${JSON.stringify(going)}`);
    }
    await delay(POLL_MS);
  }
}
