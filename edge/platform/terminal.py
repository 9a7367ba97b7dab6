"""What every command line here does alike: choose a language, take any terminal's encoding, end when nobody reads."""

from __future__ import annotations

import errno
import io
import json
import locale
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Literal

from edge.contract.sentences import Sentence, sentence

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")
IN_ORDER, WRONG, USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: as asked; something is wrong, or nobody reads what is written; wrong use or settings; Ctrl-C."""
_OPTION = "--lang"
_AGAIN_S = 0.02
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class UnknownLanguageError(Exception):
    """`--lang` names no language we have; whoever typed it corrects it."""

    def __init__(self, *, name: str) -> None:
        super().__init__(
            sentence("unknown_language", "--lang {name}: known are {known}", name=name or '""', known=LANGUAGES)
        )
        self.name = name


def take_language(arguments: Sequence[str]) -> tuple[list[str], Language | None]:
    """The arguments without `--lang NAME`, wherever it stands before `--`, and the language it names.

    Raises UnknownLanguageError.
    """
    rest, chosen = list(arguments), None
    end = rest.index("--") if "--" in rest else len(rest)
    for place in range(end - 1, -1, -1):
        name, equals, value = rest[place].partition("=")
        if name == _OPTION:
            if not equals:
                value = rest[place + 1] if place + 1 < end else ""
            chosen = chosen or _known(value)
            del rest[place : place + (1 if equals else 2)]
    return rest, chosen


def language_of(setting: str | None, locale_name: str | None = None) -> Language:
    """The language a setting means; anything else follows the locale: a terminal without one may have no Chinese."""
    if setting in LANGUAGES:
        return LANGUAGES[LANGUAGES.index(setting)]
    name = locale_name if locale_name is not None else _locale_name()
    return "zh-CN" if name.lower().startswith("zh") and _can_write("中") else "en"


def run_command(command: Callable[[], int], *, complain: Callable[[str], None] | None = None) -> int:
    """Run, flush, and give the exit code; an interruption, a closed pipe and a full disk under the output end it
    without a stack trace.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before the program began
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - it stays open until the end
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a sign the terminal cannot show must not end the program
    others, sys.unraisablehook = sys.unraisablehook, _interrupt_again
    try:
        code = command()
        sys.stdout.flush()
    except BrokenPipeError:
        _write_no_more()
        return WRONG
    except OSError as error:
        if error.filename is not None or error.errno not in _NO_ROOM:
            raise
        _write_no_more()
        said = sentence("output_full", "the disk that the output goes to is full: what is there is not complete")
        (complain or _complain_in_english)(said)
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        sys.unraisablehook = others
    return code


def _interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """Python drops what is raised while it clears up, such as after an import; a Ctrl-C must not be lost there."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    again = threading.Timer(_AGAIN_S, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()


def _complain_in_english(said: str) -> None:
    """In English, for a program that has no terminal of its own yet."""
    sys.stderr.write(f"{said}\n")


def _write_no_more() -> None:
    """What is not written yet goes nowhere, or Python complains again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_json(document: Any, stream: IO[str], *, indent: int | None = None) -> None:
    """A document as JSON with a line's end, whatever the stream's encoding: what would write a sign that it does not
    know in its own way would make it no JSON. A number that is infinite or none is null.
    """
    is_unicode = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")
    stream.write(json.dumps(_finite(document), ensure_ascii=not is_unicode, indent=indent, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def empty_word(words: Sequence[str], *, program: str) -> Sentence | None:
    """What is wrong where a word is empty, as that of a variable that a script did not set; else None.

    An empty path would mean the present folder, which nobody asked for.
    """
    for place, word in enumerate(words):
        if not word or (word.startswith("--") and word.endswith("=")):
            return sentence(
                "usage_empty",
                "what stands behind `{before}` is empty: give the path or value that belongs there. Where it comes out"
                " of a variable, look whether that is set",
                before=word or [program, *words][place],
            )
    return None


def usage_complaint(error: Exception, *, program: str) -> Sentence:
    """What is wrong with the arguments, from an error of cyclopts, whose own words are English alone."""
    what = _argument(error)
    match type(error).__name__:
        case "UnknownCommandError":
            said = sentence("usage_command", "there is no command {what}", what=what)
        case "UnknownOptionError" | "UnusedCliTokensError":
            said = sentence("usage_option", "{what} is not known here", what=what)
        case "MissingArgumentError" | "ConsumeMultipleError" | "RequiresEqualsError":
            said = sentence("usage_missing", "{what} is missing or has no value", what=what)
        case "RepeatArgumentError" | "MixedArgumentError":
            said = sentence("usage_twice", "{what} is given more than once", what=what)
        case _:
            said = sentence("usage_value", "the value of {what} cannot be used", what=what)
    return sentence("usage", "{why}. `{program} --help` explains", why=said, program=program)


def _argument(error: Exception) -> str:
    """The option, argument or word that an error is about."""
    token = getattr(error, "token", None)
    argument = getattr(error, "argument", None)
    unused = getattr(error, "unused_tokens", None)
    if token is not None and token.keyword:
        return str(token.keyword)
    if argument is not None:
        return str(argument.name)
    if token is not None:
        return str(token.value)
    return str(unused[0]) if unused else "?"


def _known(name: str) -> Language:
    if name not in LANGUAGES:
        raise UnknownLanguageError(name=name)
    return LANGUAGES[LANGUAGES.index(name)]


def _can_write(sign: str) -> bool:
    try:
        sign.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _locale_name() -> str:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return value
    return locale.getlocale()[0] or ""
