"""Rich's console for texts that hold anybody's names: no markup is read in them, and nothing in them steers a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from kerasmm.printable import printable


class Terminal(Console):
    """A `Console` that prints texts as they are: without markup and colours of their own, see `printable`.

    Args:
        **arguments: `Console`'s own.

    Example:

    >>> import io
    >>> file = io.StringIO()
    >>> Terminal(file=file, width=80).print("wrote a[/x]\\x1b[31m")
    >>> file.getvalue()
    'wrote a[/x]\\\\u001b[31m\\n'
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(markup=False, highlight=False, emoji=False, **arguments)

    def render_str(self, text: str, **arguments: Any) -> Text:
        """Gives a text before its width is measured, and before Rich drops some control characters without a word."""
        return super().render_str(printable(text), **arguments)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Gives what is to be printed in pieces; only Rich's own may hold control characters."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))
