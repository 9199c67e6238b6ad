"""Writes the tree of a team whose pipeline is in Python: uploads, then jobs with every step of the format's guides.

Called with the directory to write. Everything goes through the format's own functions.
"""

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

from etl_metadata import Registry

FIRST_UPLOAD = "2026-01-01_20-48-14"
SECOND_UPLOAD = "2026-01-02_09-00-00"
CHECKSUM = {name: f"{number:064x}" for number, name in enumerate(["citekey1", "citekey2", "test_v04"], 1)}


def upload(root, job_id, citekeys, skipped=0):
    directory = Path(root) / "sources" / "job_metadata"
    directory.mkdir(parents=True, exist_ok=True)
    job = {
        "job_id": job_id,
        "timestamp": f"{job_id[:10]}T{job_id[11:].replace('-', ':')}.000250",
        "status": "completed",
        "bucket": "cna-sources",
        "endpoint_url": "https://s3.example.com",
        "citekeys": {
            "total": len(citekeys),
            "uploaded": len(citekeys) - skipped,
            "skipped": skipped,
            "list": citekeys,
        },
        "checksums": {citekey: CHECKSUM[citekey] for citekey in citekeys},
    }
    Registry._write(directory / f"{job_id}.json", job)
    Registry._point(directory, job_id)


def results(root, step, job_id, citekey, name, content):
    directory = Path(root) / "analytics" / step / citekey / job_id
    directory.mkdir(parents=True, exist_ok=True)
    Registry._write(directory / name, content)


def items(*citekeys, failed=0):
    total = len(citekeys)
    return {"total": total, "successful": total - failed, "failed": failed, "list": list(citekeys)}


class Clock:
    """A wall clock without zone that is set by hand and goes on by a second at each look."""

    def set(self, text):
        self.at = datetime.fromisoformat(text)

    def __call__(self):
        self.at += timedelta(seconds=1, microseconds=123)
        return self.at


def main(root):
    clock = Clock()
    registry = Registry(root, clock)
    upload(root, FIRST_UPLOAD, ["citekey1", "citekey2"])
    upload(root, SECOND_UPLOAD, ["citekey1", "test_v04"], skipped=1)

    # One job through all steps.
    job = "2026-01-01_21-37-23"
    clock.set("2026-01-01T21:40:00")
    registry.save_step_metadata(
        "ocr",
        job,
        {
            "status": "completed",
            "source_job_id": FIRST_UPLOAD,
            "citekeys": items("citekey1", "citekey2"),
            "pages": {"total": 12},
            "results_summary": {"total_pages": 12, "total_images": 0},
            "config": {"pipeline_config": {"use_layout": True}, "predict_params": {"batch": 4}},
            "batching": {"num_batches": 2, "pages_per_batch": 300},
            "runpod_jobs": {"runpod_job_id_1": ["citekey1"], "runpod_job_id_2": ["citekey2"]},
        },
    )
    for citekey in ("citekey1", "citekey2"):
        results(root, "ocr", job, citekey, f"{citekey}.json", {"pages": [citekey]})
    registry.save_step_metadata(
        "toc", job, {"citekeys": items("citekey1"), "source_job_id": FIRST_UPLOAD, "custom_metric": 95.2}
    )
    results(root, "toc", job, "citekey1", "citekey1_toc.json", {"toc": []})
    clock.set("2026-01-01T22:10:00")
    registry.save_step_metadata(
        "sync_ocr", job, {"status": "completed", "files_uploaded": 24, "bytes_uploaded": 1048576}
    )

    clock.set("2026-01-02T11:30:00")
    # Jobs of single steps, without an upload, and failed.
    registry.save_step_metadata(
        "ocr",
        "2026-01-02_10-00-00",
        {
            "status": "failed",
            "citekeys": items("test_v04", failed=1),
            "results_summary": {"total_pages": 0},
            "config": {"predict_params": {"batch": 8}},
        },
    )
    registry.save_step_metadata(
        "segmentation", "2026-01-02_11-00-00", {"status": "completed", "source_job_id": SECOND_UPLOAD}
    )

    # By hand: a planned step, and a key of the team's own.
    path = registry.hubs / "2026-01-02_11-00-00.json"
    hub = json.loads(path.read_text())
    hub["pipeline_steps"]["toc"] = {"job_id": None, "status": "pending"}
    hub["reviewed_by"] = "Ann"
    Registry._write(path, hub)

    # Some day somebody rebuilt, which set the hubs' time stamps anew.
    clock.set("2026-02-01T08:00:00")
    registry.rebuild_central_registry()


if __name__ == "__main__":
    main(sys.argv[1])
