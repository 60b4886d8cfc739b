"""Property tests of the client: no deadline, as two cores are shared with everything else."""

from hypothesis import settings

settings.register_profile("shared", deadline=None)
settings.load_profile("shared")
