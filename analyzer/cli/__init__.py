"""The command line: one command a file, thin; heavy imports inside the command that needs them."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from analyzer.errors import UserError, UserErrors
from analyzer.rooms import room_files

_FOLDER = Path(__file__).parent


class _Rooms(click.Group):
    """Finds commands by file name; a command's module is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """One a file."""
        return [path.stem.replace("_", "-") for path in room_files(_FOLDER, ".py")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The `command` of the module."""
        stem = cmd_name.replace("-", "_")
        if stem not in {path.stem for path in room_files(_FOLDER, ".py")}:
            return None
        module = importlib.import_module(f"analyzer.cli.{stem}")
        command: click.Command = module.command
        return command


@click.command(cls=_Rooms, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="whowaits")
def group() -> None:
    """Is anyone waiting on this result? Whowaits sorts Claude traffic by who waits and prices the answer."""


def main() -> None:
    """Exit 0 done, 1 the user's problem in clear lines, 2 a bug (with its traceback), 130 interrupted."""
    try:
        code = group.main(standalone_mode=False)
        sys.stdout.flush()
    except (UserError, UserErrors) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        where = error.filename or "file"
        click.echo(f"{where}: {error.strerror or error}; check the path, its rights and the free space", err=True)
        sys.exit(1)
    except Exception:
        import traceback

        traceback.print_exc()
        click.echo("this is a bug in whowaits: please report it with the lines above", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)
