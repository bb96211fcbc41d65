"""The daemon stands in a bus or at a desk: what it loads cannot sign."""

import subprocess
import sys


def test_daemon_loads_no_code_that_signs():
    program = "import sys, juzhu_host.daemon; print([name for name in sys.modules if '.authority' in name])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
