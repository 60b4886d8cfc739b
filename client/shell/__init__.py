"""The interactive shell, by organ: session, following, watching, completion, keys, toolbar, history."""
