"""The command line: one command a file, thin; heavy imports inside the command that needs them."""

from __future__ import annotations

import importlib
import io
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from analyzer.cli._audits import is_interrupt
from analyzer.cli._terminal import printable
from analyzer.errors import UserError, UserErrors, nearest_name
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
        names = self.list_commands(ctx)
        if cmd_name not in names:
            raise click.UsageError(f"no command {cmd_name!r}; {nearest_name(cmd_name, names)}", ctx)
        module = importlib.import_module(f"analyzer.cli.{stem}")
        command: click.Command = module.command
        return command


@click.command(cls=_Rooms, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="whowaits")
def group() -> None:
    """Is anyone waiting on this result? Whowaits sorts Claude traffic by who waits and prices the answer."""


def main() -> None:
    """Exit 0 done, 1 the user's problem in clear lines, 2 a bug (with its traceback), 130 interrupted."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without our characters is no bug
    try:
        code = group.main(prog_name="whowaits", standalone_mode=False)
        sys.stdout.flush()
    except (UserError, UserErrors) as error:
        for line in str(error).splitlines():
            click.echo(printable(line, 0), err=True)
        sys.exit(1)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(1)
    except click.ClickException as error:
        click.echo(_one_line(error), err=True)
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt) as error:
        _stop(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        where = printable(str(error.filename or "file"), 0)
        click.echo(f"{where}: {error.strerror or error}; check the path, its rights and the free space", err=True)
        sys.exit(1)
    except Exception as error:
        if is_interrupt(error):
            _stop(error)
        import traceback

        traceback.print_exc()
        click.echo("this is a bug in whowaits: please report it with the lines above", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _stop(error: BaseException) -> NoReturn:
    click.echo(str(error) if isinstance(error, click.Abort) and str(error) else "stopped", err=True)
    sys.exit(130)


def _one_line(error: click.ClickException) -> str:
    """`whowaits spend: what is wrong; see whowaits spend --help`."""
    message = printable(error.format_message().rstrip("."), 0)
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{context.command_path}: {message}; see {context.command_path} --help" if context else message
