import { type RequestStore } from './request-store.ts';

/** The store of a process that keeps nothing on disk. */
export const noStore: RequestStore = {
  append: async () => {
    throw new Error('there is no spool');
  },
  appendSync: () => {
    throw new Error('there is no spool');
  },
  firstOwn: () => undefined,
  firstAdopted: () => undefined,
  read: async () => undefined,
  remove: async () => undefined,
  removeSync: () => undefined,
  forgetSync: () => undefined,
  setAside: async () => undefined,
  adopt: async () => undefined,
  waiting: () => ({ requests: 0, records: 0, bytes: 0, oldest: undefined }),
  releaseSync: () => undefined,
};
