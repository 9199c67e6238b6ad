"""A worker that joins runs of Milepost, with the standard library only. Its work is to count the words of a text.

usage: milepost_worker.py job QUEUE JOB_ID ATTEMPT ENVELOPE < text
       MILEPOST_RUN=ENVELOPE milepost_worker.py stage NAME < text

Prints JSON: how many words there are, and the envelope of a job that goes on with them. Spans and log records go to
OTEL_EXPORTER_OTLP_ENDPOINT.
"""

import json
import os
import secrets
import sys
import time
import traceback
import urllib.request
import uuid
from contextlib import contextmanager
from datetime import datetime, timezone

from milepost_run import (
    is_sampled,
    next_job,
    own_run,
    place_of_job,
    place_of_program,
    read_envelope,
    root_span_id,
)

CONSUMER, INTERNAL = 5, 1
BY_RATIO = os.environ.get("OTEL_TRACES_SAMPLER", "").endswith("traceidratio")
RATIO = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG", "1")) if BY_RATIO else 1
SEVERITY = {"info": 9, "error": 17}


def otlp_value(value):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def otlp_attributes(attributes):
    return [{"key": key, "value": otlp_value(value)} for key, value in attributes.items()]


RESOURCE = {
    "attributes": otlp_attributes(
        {
            "service.name": os.environ.get("OTEL_SERVICE_NAME", "milepost-worker"),
            "service.instance.id": str(uuid.uuid4()),
        }
    )
}


def send(path, of_resources, of_scopes, records, name):
    """Sends one request. Where that fails it is said, and the work's outcome stays what it is."""
    scoped = [{"scope": {"name": "milepost_worker"}, name: records}]
    body = json.dumps({of_resources: [{"resource": RESOURCE, of_scopes: scoped}]}).encode()
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    request = urllib.request.Request(f"{endpoint}{path}", body, {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except OSError as error:
        print(f"milepost_worker: {path} was not delivered: {error}", file=sys.stderr)


def send_span(place, *told, **attributes):
    if is_sampled(place["attributes"]["run.id"], RATIO):
        send("/v1/traces", "resourceSpans", "scopeSpans", [span_of(place, *told, **attributes)], "spans")


def send_log(place, body, event, status, level="info", **fields):
    attributes = place["attributes"] | {"status": status, "level": level} | fields
    record = {
        "timeUnixNano": str(time.time_ns()),
        "severityNumber": SEVERITY[level],
        "severityText": level.upper(),
        "body": {"stringValue": body},
        "eventName": event,
        "attributes": otlp_attributes(attributes),
        "traceId": place["trace_id"],
        "spanId": place["span_id"],
        "flags": 1,
    }
    send("/v1/logs", "resourceLogs", "scopeLogs", [record], "logRecords")


def span_of(place, kind, unit, start, status, **attributes):
    named = place["attributes"] | {"pipeline.unit": unit, "status": status} | attributes
    return {
        "traceId": place["trace_id"],
        "spanId": place["span_id"],
        "parentSpanId": place["parent_span_id"],
        "links": [{"traceId": link["trace_id"], "spanId": link["span_id"]} for link in place.get("links", [])],
        "name": place["name"],
        "kind": kind,
        "flags": 1,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(time.time_ns()),
        "attributes": otlp_attributes(named),
        "status": {"code": 2} if status == "failed" else {},
    }


def iso(nanoseconds):
    time_of = datetime.fromtimestamp(nanoseconds / 1e9, timezone.utc)
    return time_of.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def told(place, kind, unit, milestones):
    """Tells of the work inside: its start, its end, and its span. Errors go on to the caller."""
    start = time.time_ns()
    send_log(place, *milestones["started"], "started", start_time=iso(start))
    status, level, fields = "completed", "info", {}
    try:
        yield
    except Exception as error:
        status, level = "failed", "error"
        fields = {
            "error.type": type(error).__name__,
            "error.message": str(error)[:4096],
            "error.category": "validation" if isinstance(error, ValueError) else "unknown",
            "exception.stacktrace": traceback.format_exc()[:16384],
        }
        raise
    finally:
        end = time.time_ns()
        times = {"start_time": iso(start), "end_time": iso(end), "duration.seconds": (end - start) / 1e9}
        send_log(place, *milestones[status], status, level, **times, **fields)
        kept = {"error.type": fields["error.type"]} if fields else {}
        send_span(place, kind, unit, start, status, **kept)


def count_words(text):
    if text.strip() == "":
        raise ValueError("a page without words")
    return len(text.split())


def run_job(queue, job_id, attempt, text):
    try:
        envelope, is_own = read_envelope(text), False
        if "run" not in envelope:
            envelope, is_own = own_run(envelope["name"]), True
    except ValueError as error:
        print(f"milepost_worker: a job has no valid envelope ({error}); it runs in a run of its own", file=sys.stderr)
        envelope, is_own = own_run(queue), True
    place, start = place_of_job(envelope, queue, job_id, int(attempt)), time.time_ns()
    name, status = place["name"], "failed"
    milestones = {
        "started": (f"Started {name}", "job_started"),
        "completed": (f"Completed {name}", "job_completed"),
        "failed": (f"Failed {name}", "job_failed"),
    }
    try:
        with told(place, CONSUMER, "job", milestones):
            words = count_words(sys.stdin.read())
        status = "completed"
    finally:
        if is_own:
            run = envelope["run"]
            root = place_of_program(envelope) | {"span_id": root_span_id(run), "parent_span_id": "", "name": name}
            send_span(root, INTERNAL, "run", start, status, implicit=True)
    following = next_job(envelope, place, "publish_job", int(time.time() * 1000))
    print(json.dumps({"words": words, "next": following}))


def run_stage(name):
    """A stage of the run that started this program. IDs of stages that are not spread over jobs are random."""
    place = place_of_program(read_envelope(os.environ["MILEPOST_RUN"]))
    place |= {"span_id": secrets.token_hex(8), "name": name}
    place["attributes"] |= {"stage": name, "attempt": 1, "retry_count": 0}
    milestones = {status: (f"{name}_{status}",) * 2 for status in ("started", "completed", "failed")}
    with told(place, INTERNAL, "stage", milestones):
        words = count_words(sys.stdin.read())
    print(json.dumps({"words": words}))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"job": run_job, "stage": run_stage}[command](*arguments)
