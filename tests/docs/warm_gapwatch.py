"""A `gapwatch` that starts at once: one warm process forks a child for each command.

The imports of the checks take seconds, for every command again. The child has the caller's folder,
environment, arguments and streams, and runs the command line as the console script does.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_SERVER = """
import json, os, socket, sys
# A main module without a file looks like a terminal session to DuckDB, which then draws progress bars.
__file__ = "gapwatch"
import gapwatch.cli, gapwatch.doctor, gapwatch.gate, gapwatch.init, gapwatch.landing, gapwatch.pipeline
import gapwatch.publish, gapwatch.status, gapwatch.summary, gapwatch.transform, expectations.marts
from gapwatch.validation import Checker
Checker()
listening = socket.socket(fileno=int(sys.argv[1]))
print("ready", flush=True)
while True:
    caller, _ = listening.accept()
    message, streams, _, _ = socket.recv_fds(caller, 1 << 20, 3)
    if not message:
        break
    pid = os.fork()
    if pid:
        for stream in streams:
            os.close(stream)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        caller.sendall(str(code).encode())
        caller.close()
        continue
    order = json.loads(message)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["gapwatch", *order["arguments"]]
    code = 0
    try:
        gapwatch.cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
"""
_CLIENT = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
order = dict(folder=os.getcwd(), environment=dict(os.environ), arguments=sys.argv[1:])
socket.send_fds(server, [json.dumps(order).encode()], [0, 1, 2])
sys.exit(int(server.recv(16)))
"""


@contextmanager
def warm_gapwatch(folder: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """The folder of a `gapwatch` to put into the path, in front of the installed one."""
    address = folder / "socket"
    program = folder / "bin" / "gapwatch"
    program.parent.mkdir()
    program.write_text(_CLIENT.format(python=sys.executable, address=str(address)), encoding="utf-8")
    program.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        server = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(listening.fileno())],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            pass_fds=[listening.fileno()],
        )
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        yield program.parent
    finally:
        server.kill()
        server.communicate()
