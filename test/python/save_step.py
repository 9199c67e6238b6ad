"""Saves one step's metadata, given as JSON, the way a pipeline in Python does."""

import json
import sys

from etl_metadata import Registry

if __name__ == "__main__":
    root, step, job_id, metadata = sys.argv[1:]
    Registry(root).save_step_metadata(step, job_id, json.loads(metadata))
