"""python -m reference serve|call|drive"""

import sys

from reference.cli import main

if __name__ == "__main__":
    main(sys.argv[1:])
