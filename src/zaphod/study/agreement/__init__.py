"""Whether the compiled kernels compute, on this machine and this file, what the definition says; no command line."""
