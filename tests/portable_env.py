"""What a portable test is told from outside; the VM's runner brings a module of the same name and functions.

On CPython the values stand in JUZHU_PORTABLE_ENV, a JSON object.
"""

import json
import os


def value(name, default):
    """The value under this name (string, boolean or integer), or the default."""
    return json.loads(os.environ.get("JUZHU_PORTABLE_ENV", "{}")).get(name, default)
