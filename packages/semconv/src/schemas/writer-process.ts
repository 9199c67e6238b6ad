import { z } from 'zod';

/** Who writes: one thread of one process of one machine, so that others can tell whether it is still there. */
export const writerProcess = {
  host: z.string(),
  pid: z.int(),
  thread_id: z.int(),
  /** When the process started, in milliseconds since the Unix epoch. */
  process_start: z.number(),
  /** Names the boot of the machine, where the system tells. */
  boot_id: z.string().optional(),
  /** Names the namespace in which `pid` means something, where the system tells. */
  pid_namespace: z.string().optional(),
  /** The thread as the system names it, where it tells. */
  os_thread_id: z.int().optional(),
  /** When that thread started, in clock ticks since the machine did. */
  os_thread_start: z.string().optional(),
};
