"""Parse and build through construct, with the same errors as the generated records.

construct ignores bytes after a record; parse() here refuses them.
"""

import io
from typing import Any

from construct import Construct, ConstructError, StreamError

from ..errors import RecordLengthError, RecordValueError, RecordVersionError
from .nodes import UnknownVersionError


def parse(schema: Construct, data: bytes) -> dict[str, Any]:
    """Return the fields of a record; RecordError as the generated parser would raise it."""
    stream = io.BytesIO(data)
    try:
        found = schema.parse_stream(stream)
    except UnknownVersionError as error:
        raise RecordVersionError(str(error)) from error
    except StreamError as error:
        raise RecordLengthError(str(error)) from error
    except ConstructError as error:
        raise RecordValueError(str(error)) from error
    if stream.tell() != len(data):
        raise RecordLengthError(f"{len(data) - stream.tell()} bytes follow a complete record")
    fields = plain(found)
    assert isinstance(fields, dict)
    return fields


def build(schema: Construct, fields: dict[str, Any]) -> bytes:
    """Return the bytes of a record; RecordValueError for a field that the schema refuses."""
    try:
        return bytes(schema.build(fields))
    except UnknownVersionError as error:
        raise RecordVersionError(str(error)) from error
    except (ConstructError, TypeError, KeyError) as error:
        raise RecordValueError(str(error)) from error


def plain(value: Any) -> Any:
    """Turn construct's containers into dicts, lists and scalars."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if not name.startswith("_")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
