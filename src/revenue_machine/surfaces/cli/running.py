"""Runs one parsed command: finds its code, turns a failure into one line and an exit code."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from typing import Any

from revenue_machine.kit.errors import Failure, OutsideUnavailable

INTERRUPTED = 130


class MachineRefused(OutsideUnavailable):
    """This machine does not let us read or write."""


def run_command(args: argparse.Namespace) -> int:
    """0 when the command did what was asked; otherwise one line on stderr with a stable code."""
    module_name, function_name = args.run.split(":")
    try:
        function = getattr(importlib.import_module(module_name), function_name)
        return int(function(args) or 0)
    except Failure as failure:
        complain(failure)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        refusal = refusal_in(error)
        if refusal is None:
            raise
        complain(refusal)
        return 1


def refusal_in(error: Exception) -> Failure | None:
    """What the disk, the file system or a database said no to, as a failure; None for a fault of ours."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return MachineRefused(f"{where}{error.strerror or error}")
    said = getattr(error, "orig", error)
    if type(said).__name__ in ("OperationalError", "DatabaseError"):
        return MachineRefused(f"a database does not answer: {str(said).strip().splitlines()[0]}")
    return None


def complain(failure: Failure) -> None:
    """`revenue: bad_input: …` on stderr, and nothing else."""
    where = f" [{failure.field}]" if failure.field else ""
    print(f"revenue: {failure.code}: {failure.message}{where}", file=sys.stderr)


def say(args: argparse.Namespace, data: Any, text: str | None = None) -> None:
    """Data on stdout: JSON when asked for or when there is no nicer form."""
    if getattr(args, "as_json", False) or text is None:
        print(json.dumps(data, indent=2, ensure_ascii=False, default=str))
    else:
        print(text)
