"""`revenue`: parses the command line and nothing else; everything heavy is imported by the command that needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from revenue_machine.surfaces.cli.parser import make_parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 only when it did what was asked."""
    parser = make_parser()
    args = parser.parse_args(argv)
    if not hasattr(args, "run"):
        parser.print_help()
        return 0
    from revenue_machine.surfaces.cli.running import run_command

    return run_command(args)


if __name__ == "__main__":
    sys.exit(main())
