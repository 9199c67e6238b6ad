"""The registry format's own functions, as a pipeline written in Python has them.

Standard library only. It keeps the quirks of such modules, because trees that it wrote have to be read and shared:
time stamps are local and have no zone, `source` is null where no source job is known, a rebuild sets all time stamps
anew, and files are written in place.
"""

import json
from datetime import datetime
from pathlib import Path

NOT_STEPS = ("job_registry", "exports")


class Registry:
    def __init__(self, root, now=datetime.now):
        self.now = now
        self.sources = Path(root) / "sources" / "job_metadata"
        self.analytics = Path(root) / "analytics"
        self.hubs = self.analytics / "job_registry"

    # Writing

    def save_step_metadata(self, step, job_id, metadata):
        now = self.now().isoformat()
        spoke = {**metadata, "job_id": job_id, "job_timestamp": now, "pipeline_step": step}
        directory = self.analytics / step / "job_metadata"
        directory.mkdir(parents=True, exist_ok=True)
        self._write(directory / f"{job_id}.json", spoke)
        self._point(directory, job_id)
        self._update_hub(step, job_id, metadata)

    def _update_hub(self, step, job_id, metadata):
        now = self.now().isoformat()
        path = self.hubs / f"{job_id}.json"
        if path.exists():
            hub = json.loads(path.read_text())
        else:
            hub = {
                "job_id": job_id,
                "timestamp": now,
                "source": self._source(metadata.get("source_job_id")),
                "pipeline_steps": {},
                "execution_trace": [],
            }
        status = metadata.get("status", "completed")
        entry = {
            "job_id": job_id,
            "status": status,
            "timestamp": now,
            "metadata_path": f"{step}/job_metadata/{job_id}.json",
        }
        for key, value in metadata.items():
            if key not in ("job_id", "job_timestamp", "pipeline_step", "status"):
                entry[key] = value
        hub["pipeline_steps"][step] = entry
        hub["execution_trace"] = [t for t in hub["execution_trace"] if t["step"] != step]
        hub["execution_trace"].append(
            {"step": step, "job_id": job_id, "timestamp": now, "status": status}
        )
        self.hubs.mkdir(parents=True, exist_ok=True)
        self._write(path, hub)
        self._point(self.hubs, job_id)

    def _source(self, job_id):
        path = self.sources / f"{job_id}.json"
        if job_id is None or not path.exists():
            return None
        source = json.loads(path.read_text())
        return {
            "job_id": job_id,
            "bucket": source.get("bucket"),
            "endpoint_url": source.get("endpoint_url"),
            "citekeys": source.get("citekeys", {}),
            "checksums": source.get("checksums", {}),
        }

    @staticmethod
    def _write(path, content):
        with open(path, "w") as file:
            json.dump(content, file, indent=2)

    @staticmethod
    def _point(directory, job_id):
        latest = directory / "latest.json"
        if latest.is_symlink() or latest.exists():
            latest.unlink()
        latest.symlink_to(f"{job_id}.json")

    # Reading

    @staticmethod
    def _jobs(directory):
        if not directory.exists():
            return []
        return sorted((f.stem for f in directory.glob("*.json") if f.name != "latest.json"), reverse=True)

    def list_all_jobs(self, step_name=None):
        return self._jobs(self.analytics / step_name / "job_metadata" if step_name else self.hubs)

    def get_latest_job(self, step_name=None):
        jobs = self.list_all_jobs(step_name)
        return jobs[0] if jobs else None

    def get_central_registry(self, job_id):
        path = self.hubs / f"{job_id}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def get_step_metadata(self, step, job_id):
        path = self.analytics / step / "job_metadata" / f"{job_id}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def get_job_pipeline_status(self, job_id):
        hub = self.get_central_registry(job_id)
        if hub is None:
            return None
        steps = hub.get("pipeline_steps", {})
        source = hub.get("source", {})
        return {
            "job_id": job_id,
            "timestamp": hub.get("timestamp"),
            "steps_completed": [s for s, i in steps.items() if i.get("status") == "completed"],
            "steps_pending": [s for s, i in steps.items() if i.get("status") == "pending"],
            "source_citekeys": source.get("citekeys", {}).get("list", []),
            "source_job_id": source.get("job_id"),
        }

    def find_jobs_for_citekey(self, citekey):
        found = []
        for job_id in reversed(self._jobs(self.sources)):
            source = json.loads((self.sources / f"{job_id}.json").read_text())
            if citekey in source.get("citekeys", {}).get("list", []):
                found.append({"job_id": job_id, "step": "source (upload)", "status": "completed"})
        for job_id in reversed(self.list_all_jobs()):
            for step, info in self.get_central_registry(job_id)["pipeline_steps"].items():
                if citekey in info.get("citekeys", {}).get("list", []):
                    found.append({"job_id": job_id, "step": step, "status": info["status"]})
        return found

    # Rebuilding

    def rebuild_central_registry(self):
        jobs = set()
        for step in sorted(self.analytics.iterdir()):
            if not step.is_dir() or step.name in NOT_STEPS:
                continue
            for job_id in reversed(self._jobs(step / "job_metadata")):
                metadata = json.loads((step / "job_metadata" / f"{job_id}.json").read_text())
                self._update_hub(step.name, job_id, metadata)
                jobs.add(job_id)
        return len(jobs)
