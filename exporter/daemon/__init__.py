"""One process: its objects, reloads, signals, systemd, threads and logs."""
