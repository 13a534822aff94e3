"""The peak of the memory that the command takes, in a process of its own."""

import os
import subprocess
import sys

_PROGRAM = (
    "import sys\n"
    "from pathlib import Path\n"
    "from certbot_dns_preflight.cli.main import main\n"
    "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
    # Not ru_maxrss: a child begins with that of the process that started it.
    "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
)


def of_command(*arguments: str) -> int:
    """Run the command with these arguments, and return its peak in KiB."""
    # What measures coverage would be measured, too.
    plain = {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", _PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=plain)
    return int(done.stdout.split()[-1])
