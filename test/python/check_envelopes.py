"""Checks the vectors of the job envelope: what is taken and refused, and where the work of each belongs.

usage: check_envelopes.py path/to/job-envelope.vectors.json
"""

import json
import sys

from milepost_run import is_sampled, next_job, place_of_job, place_of_program, read_envelope


def followed(section, row):
    """The row as it follows from the rules."""
    if section == "sampling":
        return row | {"sampled": is_sampled(row["run_id"], row["ratio"])}
    try:
        envelope = read_envelope(json.dumps(row["envelope"]))
    except ValueError:
        return {"name": row["name"], "envelope": row["envelope"]} | ({} if section == "invalid" else {"refused": True})
    if section == "jobs":
        place = place_of_job(envelope, row["queue"], row["job_id"], row["attempt"])
        following = {"next": next_job(envelope, place, "publish_job", 1737072999000)} if "next" in row else {}
        return {key: row[key] for key in ("name", "envelope", "queue", "job_id", "attempt")} | {
            "span": place
        } | following
    if section == "programs":
        return {"name": row["name"], "envelope": envelope, "place": place_of_program(envelope)}
    return {"name": row["name"], "envelope": envelope} | ({"taken": True} if section == "invalid" else {})


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
