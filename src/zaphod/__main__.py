"""`python -m zaphod`; knows only where the program starts."""

import sys

from zaphod.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
