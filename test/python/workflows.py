"""The five workflows of the registry format's guide, on the tree and job given. Prints what each found, as JSON."""

import json
import sys
from pathlib import Path

from etl_metadata import Registry


def main(root, job_id, citekey):
    registry = Registry(root)

    # 1: Check what was uploaded
    hub = registry.get_central_registry(job_id)
    source = hub["source"]
    uploaded = {
        "job_id": source["job_id"],
        "citekeys": source["citekeys"]["list"],
        "bucket": source["bucket"],
        "checksum": source["checksums"][citekey],
    }

    # 2: Verify that OCR completed
    status = registry.get_job_pipeline_status(job_id)
    ocr = hub["pipeline_steps"]["ocr"]
    verified = {
        "status": status,
        "pages": ocr["results_summary"]["total_pages"],
        "successful": ocr["citekeys"]["successful"],
        "progress": [[step, info["status"]] for step, info in hub["pipeline_steps"].items()],
        "order": [[entry["step"], entry["status"]] for entry in hub["execution_trace"]],
    }

    # 3: Trace a citekey through the pipeline
    lineage = [
        f"{job['step']:<20} | Job: {job['job_id']} | Status: {job['status']}"
        for job in registry.find_jobs_for_citekey(citekey)
    ]

    # 4: Find the latest OCR job and its results
    latest = registry.get_latest_job(step_name="ocr")
    metadata = registry.get_step_metadata("ocr", latest)
    results = Path(root) / "analytics" / "ocr" / metadata["citekeys"]["list"][0] / latest
    newest = {
        "job_id": latest,
        "link": json.loads((registry.hubs / "latest.json").read_text())["job_id"],
        "citekeys": metadata["citekeys"]["list"],
        "pages": metadata["results_summary"]["total_pages"],
        "config": metadata["config"],
        "files": sorted(file.name for file in results.glob("*.json")),
        "jobs": registry.list_all_jobs(),
    }

    # 5: Rebuild the central registry
    rebuilt = registry.rebuild_central_registry()

    print(
        json.dumps(
            {
                "uploaded": uploaded,
                "verified": verified,
                "lineage": lineage,
                "newest": newest,
                "rebuilt": rebuilt,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
