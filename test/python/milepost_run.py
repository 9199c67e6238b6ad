"""Where work belongs that joins a run of Milepost, with the standard library only.

The rules are those of "Workers in other languages" in packages/queue/README.md.
"""

import hashlib
import json
import re
import secrets
import struct
import time
from datetime import datetime
from pathlib import Path

from json_schema import is_valid

SCHEMA = Path(__file__).parents[2] / "packages/semconv/job-envelope.schema.json"


def read_envelope(text):
    """The envelope in a JSON text. Raises ValueError where it is none."""
    envelope = json.loads(text)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    if not is_valid(envelope, schema, schema):
        raise ValueError("it does not fit the schema of a job envelope")
    return envelope


def is_time(*numbers):
    try:
        return datetime(*map(int, numbers)) is not None
    except ValueError:
        return False


def base_run_id(run_id):
    """The run ID without its client, which only one of the format YYMMDD-HHMMSS-client has."""
    day = re.fullmatch(r".+_(?:[0-9]{10}|([0-9]{4})([0-9]{2})([0-9]{2}))_[a-z0-9]{6}", run_id)
    if day and (day[1] is None or is_time(*day.groups())):
        return run_id
    compact = re.fullmatch(r"(..)(..)(..)-(..)(..)(..)-.+", run_id)
    if compact and re.fullmatch(r"[0-9]{12}", "".join(compact.groups())):
        year, *rest = compact.groups()
        if is_time(f"20{year}", *rest):
            return run_id[:13]
    return run_id


def hex_id(text, size):
    digits = hashlib.sha256(text.encode("utf-8")).digest()[:size].hex()
    return digits if digits.strip("0") else digits[:-1] + "1"


def trace_id_of(run_id):
    return hex_id(base_run_id(run_id), 16)


def is_sampled(run_id, ratio):
    """Whether a run's spans are exported at a ratio: as OpenTelemetry JS decides, by the XOR of the trace ID's four words."""
    words = struct.unpack(">4I", bytes.fromhex(trace_id_of(run_id)))
    return words[0] ^ words[1] ^ words[2] ^ words[3] < (2**32 if ratio >= 1 else int(ratio * (2**32 - 1)))


def span_id_of(run_id, kind, name, *counts):
    return hex_id("\0".join([run_id, kind, name, ".".join(map(str, counts))]), 8)


def root_span_id(run):
    return span_id_of(run["id"], "run", "", run["attempt"])


def handed_over(envelope):
    """Trace ID and span ID of the envelope's traceparent; None twice where it names no span."""
    _, trace_id, span_id, _ = envelope.get("traceparent", "---").split("-")
    return (trace_id, span_id) if trace_id.strip("0") and span_id.strip("0") else (None, None)


def run_attributes(run):
    optional = {"subdomain": run.get("subdomain"), "client.id": run.get("client_id")}
    named = {"run.id": run["id"], "pipeline": run["pipeline"]}
    return named | {key: value for key, value in optional.items() if value}


def place_in(envelope, attributes):
    run = envelope["run"]
    trace_id, span_id = handed_over(envelope)
    is_of_run = trace_id == trace_id_of(run["id"])
    return {
        "trace_id": trace_id_of(run["id"]),
        "parent_span_id": span_id if is_of_run else root_span_id(run),
        "attributes": attributes,
    }


def place_of_program(envelope):
    """Where a program belongs that was started with MILEPOST_RUN: its trace, the span above its own, their attributes."""
    run, job = envelope["run"], envelope.get("job")
    attributes = run_attributes(run)
    if "stage" in envelope:
        attributes["stage"] = envelope["stage"]["name"]
    if job:
        parent = {"parent_job.id": job["parent_job_id"]} if job.get("parent_job_id") else {}
        attributes |= {"queue": job["queue"], "job.id": job["id"], "job.name": job["name"]} | parent
        attributes |= {"attempt": job["attempt"], "retry_count": job["attempt"] - 1}
    return place_in(envelope, attributes)


def place_of_job(envelope, queue, job_id, attempt):
    """Where a try of a job belongs: its span, and the attributes of the span and of all log records below."""
    run, stage = envelope["run"], envelope.get("stage")
    place = place_in(envelope, run_attributes(run))
    if stage and "started_at" in stage:
        counts = (run["attempt"], stage["occurrence"], stage["attempt"])
        place["parent_span_id"] = span_id_of(run["id"], "stage", stage["name"], *counts)
    other = handed_over(envelope)
    name = envelope.get("name", queue)
    attributes = place["attributes"] | {"queue": queue, "job.id": job_id, "job.name": name}
    if stage:
        attributes["stage"] = stage["name"]
        if stage["occurrence"] > 1:
            attributes["stage.occurrence"] = stage["occurrence"]
    if envelope.get("parent_job_id"):
        attributes["parent_job.id"] = envelope["parent_job_id"]
    return place | {
        "span_id": span_id_of(run["id"], "job", f"{queue}:{job_id}", run["attempt"], attempt),
        "links": [{"trace_id": other[0], "span_id": other[1]}] if other[0] not in (None, place["trace_id"]) else [],
        "name": name,
        "attributes": attributes | {"attempt": attempt, "retry_count": attempt - 1},
    }


def next_job(envelope, place, name, enqueued_at):
    """The envelope of a job that a job creates."""
    return {
        "version": 1,
        "name": name,
        "enqueued_at": enqueued_at,
        "run": envelope["run"],
        "parent_job_id": place["attributes"]["job.id"],
        "traceparent": f"00-{place['trace_id']}-{place['span_id']}-01",
    }


def own_run(name):
    """The envelope of a job that came without one: a run of its own, which begins and ends with it."""
    now = time.time()
    random = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(6))
    run_id = f"{re.sub(r'[^A-Za-z0-9_-]', '-', name)[:100].lstrip('-') or 'run'}_{int(now):010}_{random}"
    run = {"id": run_id, "attempt": 1, "pipeline": name, "implicit": True, "started_at": int(now * 1000)}
    return {"version": 1, "run": run, "name": name}
