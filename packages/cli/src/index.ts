export { type CliIo, type CliStream } from './cli-io.ts';
export { runCli } from './run-cli.ts';
