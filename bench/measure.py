"""Runs a command and prints what it took as one JSON object: wall, user and sys seconds, exit code, and the peak
resident memory (bytes) of the largest of its processes. The command's own output goes to standard error.

    python3 bench/measure.py COMMAND ARGUMENT…
"""
import json
import os
import sys
import time


def main():
    started = time.perf_counter()
    pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    scale = 1 if sys.platform == "darwin" else 1024
    print(
        json.dumps(
            {
                "wall": wall,
                "user": usage.ru_utime,
                "sys": usage.ru_stime,
                "rss": usage.ru_maxrss * scale,
                "exit": os.waitstatus_to_exitcode(status),
            }
        )
    )


main()
