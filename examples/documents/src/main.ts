import { parseArguments } from './parse-arguments.ts';
import { runDemo } from './run-demo.ts';
import { runProgram } from './run-program.ts';

await runProgram((argv, signal) => runDemo(parseArguments(argv), signal));
