"""Saves steps as the format's module does, and stops at each point at which somebody else may come in between.

Reads one JSON object per line: {"root", "step", "job_id", "metadata", "hub_keys"}. At each point it prints its name and
waits for a line; at the end it prints `done`. `hub_keys` are keys that only the hub is to have.
"""

import json
import sys

from etl_metadata import Registry


def pause(point):
    print(point, flush=True)
    if sys.stdin.readline() == "":
        sys.exit()


class Stepper(Registry):
    hub_keys = {}

    def _write(self, path, content):
        name = "spoke"
        if path.parent == self.hubs:
            name = "hub"
            content.update(self.hub_keys)
        text = json.dumps(content, indent=2)
        half = len(text) // 2
        pause(f"{name} to be written")
        with open(path, "w") as file:
            pause(f"{name} emptied")
            file.write(text[:half])
            file.flush()
            pause(f"{name} half written")
            file.write(text[half:])


def main():
    for line in sys.stdin:
        order = json.loads(line)
        registry = Stepper(order["root"])
        registry.hub_keys = order["hub_keys"]
        registry.save_step_metadata(order["step"], order["job_id"], order["metadata"])
        print("done", flush=True)


if __name__ == "__main__":
    main()
