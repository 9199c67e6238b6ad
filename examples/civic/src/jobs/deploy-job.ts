import { type Job } from 'bullmq';
import { endRun, recordOutput, withStage } from '@milepost/core';
import { type JobData, type Order } from '../job-data.ts';
import { deployRelease } from '../pipeline/deploy-release.ts';
import { runFiles } from '../run-files.ts';
import { deployStage } from '../stages.ts';

/** Deploys what was made, and ends the run. */
export async function deployJob(job: Job<JobData>): Promise<void> {
  await deploy(job.data.order);
  endRun();
}

function deploy(order: Order): Promise<void> {
  return withStage(deployStage, async (stage) => {
    const { deployTarget, key } = order;
    const { databasePath, extractionPath } = runFiles(order);
    stage.setConfig({ deploy_target: deployTarget, database_path: databasePath });
    const files = await deployRelease(
      { name: key, databasePath, extractionPath },
      deployTarget,
      (plugin_name) => stage.setErrorContext({ plugin_name, deploy_target: deployTarget }),
    );
    for (const file of files) recordOutput(file);
    stage.count('plugin_count', files.length);
  });
}
