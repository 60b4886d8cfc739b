"""The public contract between the daemon and everyone who talks with it; imports nothing of ours."""
