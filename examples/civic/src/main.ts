import { runProgram } from '@milepost/example-documents/run-program';
import { parseArguments } from './parse-arguments.ts';
import { runCivic } from './run-civic.ts';

await runProgram((argv, signal) => runCivic(parseArguments(argv), signal));
