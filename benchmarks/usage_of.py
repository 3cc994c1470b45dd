#!/usr/bin/env python3
"""usage_of.py FOLDER COMMAND...: runs the command, and leaves its CPU seconds and peak memory in a file of FOLDER."""

import json
import os
import pathlib
import sys

folder, *command = sys.argv[1:]
child = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(child, 0)
told = {"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}
(pathlib.Path(folder) / f"{os.getpid()}.json").write_text(json.dumps(told))
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
