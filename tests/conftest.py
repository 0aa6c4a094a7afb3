"""Property tests are not timed (machines are noisy), and where CI runs they try the same examples every time."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "firmward",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("firmward")
