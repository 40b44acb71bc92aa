"""Where raw texts come from: web archives, folders, feeds, the distribution's packages, and hosts that allow it."""
