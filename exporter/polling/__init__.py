"""One target: fetch its list, poll on an interval, publish the snapshot."""
