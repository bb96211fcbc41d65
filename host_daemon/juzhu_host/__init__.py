"""The daemon beside the reader and the command `juzhu`."""
