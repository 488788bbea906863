"""YAML that somebody else may have written: plain values only, bounded in size, depth and what aliases make of it."""

from __future__ import annotations

from typing import Any

import yaml

from kerasmm.console import UserError
from kerasmm.files.json_file import DEPTH, INTEGER, key_of, shortened
from kerasmm.printable import is_unicode

YAML_BYTES = 1 << 17
"""Most bytes of a configuration: 128 KiB. PyYAML reads some 25 kB a second."""
_NODES = 20_000
"""Values, keys, lists and mappings at most, each counted as often as aliases repeat it."""

_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map", "value")}
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """Reads as `SafeLoader` does; a date is the text that it is."""

    yaml_implicit_resolvers = {
        sign: [(tag, pattern) for tag, pattern in known if not tag.endswith(":timestamp")]
        for sign, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def loaded_yaml(text: str, where: str, lines: bool = True) -> Any:
    """The content of a YAML text: mappings, lists, texts, numbers, true, false and null.

    Args:
        text: The YAML.
        where: Where it came from, for messages.
        lines: Whether messages name lines of it.

    Raises:
        UserError: When it is no YAML, has a tag of another type, or is beyond the bounds; the message names line and key.

    Example:

    >>> loaded_yaml("{epochs: 3, since: 2016-05-01}", "x.yaml")
    {'epochs': 3, 'since': '2016-05-01'}
    >>> loaded_yaml("a:\\n  b: !!float abc", "x.yaml")
    Traceback (most recent call last):
    kerasmm.console.UserError: x.yaml:2: `a.b`: not a float. Received: 'abc'
    """
    return _Reader(text, where, lines).read()


class _Reader:
    def __init__(self, text: str, where: str, lines: bool) -> None:
        self._text, self._where, self._lines = text, where, lines
        self._nodes = 0

    def read(self) -> Any:
        if len(self._text.encode(errors="replace")) > YAML_BYTES:
            raise UserError(f"{self._where}: has more than {YAML_BYTES} bytes, too many for a configuration")
        self._loader = None
        try:
            # Its first look at the text may refuse it.
            self._loader = _Loader(self._text)
            root = self._loader.get_single_node()
            return None if root is None else self._value(root, ())
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            raise self._fault(
                mark,
                (),
                f"not valid YAML ({shortened(' '.join((getattr(error, 'problem', None) or str(error)).split()), 200)})",
            ) from error
        except RecursionError as error:
            raise self._fault(None, (), f"lists and mappings lie more than {DEPTH} deep") from error
        except (ValueError, OverflowError) as error:
            # `"\U7fffffff"`, a character that there isn't.
            raise self._fault(None, (), f"not valid YAML ({shortened(str(error), 200)})") from error
        finally:
            if self._loader is not None:
                self._loader.dispose()

    def _value(self, node: yaml.Node, keys: tuple[Any, ...]) -> Any:
        self._nodes += 1
        if self._nodes > _NODES:
            raise self._fault(None, keys[:3], f"holds more than {_NODES} values, with those that aliases repeat")
        if len(keys) > DEPTH:
            raise self._fault(node.start_mark, keys[:3], f"lists and mappings lie more than {DEPTH} deep")
        if node.tag not in _TAGS:
            raise self._fault(
                node.start_mark, keys, f"no YAML of plain values; the tag {shortened(node.tag)} is not read"
            )
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*keys, place)) for place, item in enumerate(node.value)]
        return self._scalar(node, keys)

    def _mapping(self, node: yaml.MappingNode, keys: tuple[Any, ...]) -> dict[Any, Any]:
        own: dict[Any, Any] = {}
        shared: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged = self._value(value_node, (*keys, "<<"))
                for one in merged if isinstance(merged, list) else [merged]:
                    if not isinstance(one, dict):
                        raise self._fault(key_node.start_mark, keys, "`<<` takes a mapping, or a list of them")
                    shared = {**one, **shared}
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._fault(key_node.start_mark, keys, "a key must be a text or a number")
            key = self._value(key_node, (*keys, "…"))
            own[key] = self._value(value_node, (*keys, key))
        return {**shared, **own}

    def _scalar(self, node: yaml.Node, keys: tuple[Any, ...]) -> Any:
        assert self._loader is not None
        try:
            value = self._loader.construct_object(node)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, yaml.YAMLError) as error:
            kind = node.tag.rpartition(":")[2]
            message = f"not a {kind}. Received: {shortened(repr(node.value))}"
            raise self._fault(node.start_mark, keys, message) from error
        if isinstance(value, int) and not -INTEGER <= value < INTEGER:
            raise self._fault(node.start_mark, keys, f"must lie within 64 bits. Received: {shortened(str(node.value))}")
        if isinstance(value, str) and not is_unicode(value):
            raise self._fault(node.start_mark, keys, "holds half a character (a lone surrogate)")
        return value

    def _fault(self, mark: Any, keys: tuple[Any, ...], message: str) -> UserError:
        line = f":{mark.line + 1}" if mark is not None and self._lines else ""
        return UserError(f"{self._where}{line}: {key_of(keys)}{message}")
