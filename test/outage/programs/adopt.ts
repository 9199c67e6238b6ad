// Takes over what ended processes left in the spool, sends it, and ends.
import { startContender } from './contender.ts';

const contender = await startContender('milepost');
await contender.shutdown();
