export { type Signal } from './signal.ts';
