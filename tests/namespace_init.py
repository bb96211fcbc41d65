"""The first process of a test's own namespaces: starts and ends processes in them as it is told.

Run by pcscd.py under unshare. One JSON object a line on standard input, one as the answer:
{"start": argv, "log": path} -> {"pid": n}; {"end": pid, "signal": n} -> {"exit": code}.
Its end is the end of everything in the namespace, and it ends with its input: whoever started it may be killed.
"""

import json
import subprocess
import sys
from pathlib import Path

END_LIMIT_S = 20.0


def prepare(shared: str) -> None:
    """Hide /run, show the folder `shared` as /run/pcscd, and bring loopback up."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    Path("/run/pcscd").mkdir()
    subprocess.run(["mount", "--bind", shared, "/run/pcscd"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def main() -> None:
    prepare(sys.argv[1])
    print(json.dumps({"ready": True}), flush=True)
    started: dict[int, subprocess.Popen[bytes]] = {}
    for line in sys.stdin:
        told = json.loads(line)
        if "start" in told:
            with open(told["log"], "ab") as log:
                process = subprocess.Popen(told["start"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            started[process.pid] = process
            answer = {"pid": process.pid}
        else:
            process = started.pop(told["end"])
            process.send_signal(told["signal"])
            answer = {"exit": process.wait(END_LIMIT_S)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
