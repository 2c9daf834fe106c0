"""What every test stands on."""

import hypothesis

# A shared machine is slow now and then; how long an example takes says nothing.
hypothesis.settings.register_profile("shared", deadline=None)
hypothesis.settings.load_profile("shared")
