"""Checks vectors.json against the rules in README.md, written a second time, with the standard library.

usage: python3 vectors.py path/to/vectors.json
"""

import hashlib
import json
import re
import sys
from datetime import datetime, timezone


class Refused(Exception):
    """A run ID error; its argument is the code."""


def check(run_id):
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,128}", run_id):
        raise Refused("RUN_ID_INVALID")
    if run_id[0] == "." or run_id[-1] == ".":
        raise Refused("RUN_ID_INVALID")
    stem = run_id.lower().split(".")[0]
    devices = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)}
    if stem in devices or run_id.lower() == "latest" or run_id.lower().endswith(".milepost"):
        raise Refused("RUN_ID_TAKEN")


def utc_ms(digits):
    """Milliseconds since 1970 of YYYYMMDDHHMMSS in UTC, None when there is no such time."""
    numbers = [int(digits[a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))]
    try:
        return round(datetime(*numbers, tzinfo=timezone.utc).timestamp() * 1000)
    except ValueError:
        return None


def parse(run_id):
    check(run_id)
    parts = {"format": "opaque", "base": run_id}

    if m := re.fullmatch(r"(.+)_([0-9]{10}|[0-9]{8})_([a-z0-9]{6})", run_id):
        by_day = len(m[2]) == 8
        ms = utc_ms(m[2] + "000000") if by_day else int(m[2]) * 1000
        if ms is not None:
            return parts | {"format": "subdomain", "subdomain": m[1], "random": m[3], "time_ms": ms,
                            "precision": "day" if by_day else "second"}

    if re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}_[0-9]{2}(-[0-9]{2}){2}", run_id):
        ms = utc_ms(run_id.replace("-", "").replace("_", ""))
        if ms is not None:
            return parts | {"format": "timestamp", "time_ms": ms, "precision": "second"}

    if m := re.fullmatch(r"([0-9]{6})-([0-9]{6})(-(.+))?", run_id):
        ms = utc_ms("20" + m[1] + m[2])
        if ms is not None:
            client = {"client": m[4]} if m[4] else {}
            return {"format": "compact", "base": f"{m[1]}-{m[2]}", "time_ms": ms, "precision": "second"} | client

    if m := re.fullmatch(r"job_([A-Za-z0-9_]+)_stream([0-9]{1,9})_([0-9]{14})", run_id):
        ms = utc_ms(m[3])
        if ms is not None:
            return parts | {"format": "legacy_process", "job": m[1], "stream": int(m[2]), "time_ms": ms,
                            "precision": "second"}

    if m := re.fullmatch(r"job_([A-Za-z0-9_]+)_bypass_([0-9]{13})", run_id):
        return parts | {"format": "legacy_bypass", "job": m[1], "time_ms": int(m[2]), "precision": "millisecond"}

    return parts


def create(subdomain, now_ms, random):
    part = re.sub(r"[^A-Za-z0-9._-]", "-", subdomain)[:100].lstrip("-.") or "run"
    try:
        check(f"{part}_{random}")
    except Refused:
        part = part.replace(".", "-", 1)
    return f"{part}_{now_ms // 1000:010}_{random}"


def convert(run_id, to):
    parsed = parse(run_id)
    if to == parsed["format"]:
        return run_id
    if to not in ("timestamp", "compact") or parsed["format"] in ("subdomain", "opaque") or "client" in parsed:
        raise Refused("RUN_ID_NOT_CONVERTIBLE")
    time = datetime.fromtimestamp(parsed["time_ms"] // 1000, timezone.utc)
    if to == "timestamp":
        return time.strftime("%Y-%m-%d_%H-%M-%S")
    if not 2000 <= time.year <= 2099:
        raise Refused("RUN_ID_NOT_CONVERTIBLE")
    return time.strftime("%y%m%d-%H%M%S")


def aliases(run_id):
    found = []
    for to in ("timestamp", "compact"):
        try:
            found.append(convert(run_id, to))
        except Refused:
            pass
    return [alias for alias in found if alias != run_id]


def add_client(run_id, client):
    parsed = parse(run_id)
    if parsed["format"] != "compact" or "client" in parsed:
        raise Refused("RUN_ID_NOT_CONVERTIBLE")
    try:
        if parse(f"{run_id}-{client}").get("client") == client:
            return f"{run_id}-{client}"
    except Refused:
        pass
    raise Refused("RUN_ID_ARGUMENT")


def non_zero(hexadecimal):
    return hexadecimal if hexadecimal.strip("0") else hexadecimal[:-1] + "1"


def hex_id(text, size):
    return non_zero(hashlib.sha256(text.encode("utf-8")).digest()[:size].hex())


def span_text(run_id, kind, **at):
    if kind == "run":
        name, n = "", f"{at['run_attempt']}"
    elif kind == "stage":
        name, n = at["stage"], f"{at['run_attempt']}.{at['occurrence']}.{at['attempt']}"
    else:
        name, n = f"{at['queue']}:{at['job_id']}", f"{at['run_attempt']}.{at['job_attempt']}"
    return "\0".join([run_id, kind, name, n])


def outcome(function, *arguments):
    try:
        return {"result": function(*arguments)}
    except Refused as refused:
        return {"code": refused.args[0]}


def without(row, *keys):
    return {key: value for key, value in row.items() if key not in keys}


def followed(section, row):
    """The row as it follows from the rules."""
    if section == "parse":
        return {"run_id": row["run_id"]} | parse(row["run_id"])
    if section == "invalid":
        return {"run_id": row["run_id"]} | outcome(parse, row["run_id"])
    if section == "create":
        return row | {"run_id": create(row["subdomain"], row["now_ms"], row["random"])}
    if section == "convert":
        return without(row, "result", "code") | outcome(convert, row["run_id"], row["to"])
    if section == "aliases":
        return row | {"aliases": aliases(row["run_id"])}
    if section == "add_client":
        return without(row, "result", "code") | outcome(add_client, row["run_id"], row["client"])
    if section == "trace_ids":
        base = parse(row["run_id"])["base"]
        return row | {"hashed": base, "trace_id": hex_id(base, 16)}
    if section == "span_ids":
        text = span_text(**without(row, "hashed", "span_id"))
        return row | {"hashed": text, "span_id": hex_id(text, 8)}
    if section == "non_zero":
        return row | {"result": non_zero(row["id"])}
    raise SystemExit(f"unknown section {section}")


def main(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    rows = [(section, row) for section in vectors for row in vectors[section]]
    wrong = [(section, row) for section, row in rows if followed(section, row) != row]
    for section, row in wrong:
        print(f"{section}: {json.dumps(row)}\n  should be {json.dumps(followed(section, row))}")
    print(f"{len(rows) - len(wrong)} of {len(rows)} vectors follow from the rules")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
