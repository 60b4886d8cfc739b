"""The one-shot subcommands: each module has `arguments(parser, name)` and `run(console, name, given)`."""
