"""What a command of this project ends with; the numbers of sysexits where it has one."""

EXIT_OK = 0
EXIT_REFUSED = 1
EXIT_USAGE = 64
EXIT_UNAVAILABLE = 69
EXIT_IO = 74
EXIT_TEMPORARY = 75
EXIT_CONFIG = 78
EXIT_INTERRUPTED = 130
"""Ctrl-C, where a command does not end cleanly by itself; the shell's 128 and the signal's number."""
EXIT_PIPE = 141
"""Whoever read our output has gone; the shell's 128 and SIGPIPE's number."""
