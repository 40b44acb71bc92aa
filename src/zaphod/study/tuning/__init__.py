"""Which settings of the native runner are fastest on this machine, by trial; no command line, and no store."""
