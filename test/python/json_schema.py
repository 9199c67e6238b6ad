"""As much of JSON Schema as the published schema of the job envelope uses, with the standard library only.

A keyword that it does not know is an error: nothing stays unchecked.
"""

import re


def types_of(value):
    if value is None:
        return {"null"}
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, (int, float)):
        return {"number", "integer"} if value == int(value) else {"number"}
    return {{str: "string", list: "array", dict: "object"}[type(value)]}


def has_properties(value, properties, root):
    return all(is_valid(value[key], properties[key], root) for key in properties if key in value)


def has_further(value, further, schema, root):
    return all(is_valid(value[key], further, root) for key in value if key not in schema.get("properties", {}))


def definition(reference, root):
    for key in reference.removeprefix("#/").split("/"):
        root = root[key]
    return root


ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description"}

# Each is asked with the value, what stands under the keyword, the schema around it, and the whole schema.
KEYWORDS = {
    "$ref": lambda value, at, schema, root: is_valid(value, definition(at, root), root),
    "type": lambda value, at, schema, root: at in types_of(value),
    "const": lambda value, at, schema, root: types_of(value) == types_of(at) and value == at,
    "not": lambda value, at, schema, root: not is_valid(value, at, root),
    "anyOf": lambda value, at, schema, root: any(is_valid(value, one, root) for one in at),
    "pattern": lambda value, at, schema, root: not isinstance(value, str) or re.search(at, value) is not None,
    "minLength": lambda value, at, schema, root: not isinstance(value, str) or len(value) >= at,
    "maxLength": lambda value, at, schema, root: not isinstance(value, str) or len(value) <= at,
    "minimum": lambda value, at, schema, root: "number" not in types_of(value) or value >= at,
    "exclusiveMinimum": lambda value, at, schema, root: "number" not in types_of(value) or value > at,
    "maximum": lambda value, at, schema, root: "number" not in types_of(value) or value <= at,
    "items": lambda value, at, schema, root: not isinstance(value, list)
    or all(is_valid(one, at, root) for one in value),
    "maxItems": lambda value, at, schema, root: not isinstance(value, list) or len(value) <= at,
    "required": lambda value, at, schema, root: not isinstance(value, dict) or all(key in value for key in at),
    "properties": lambda value, at, schema, root: not isinstance(value, dict) or has_properties(value, at, root),
    "propertyNames": lambda value, at, schema, root: not isinstance(value, dict)
    or all(is_valid(key, at, root) for key in value),
    "additionalProperties": lambda value, at, schema, root: not isinstance(value, dict)
    or has_further(value, at, schema, root),
}


def is_valid(value, schema, root):
    """Whether a value fits a schema, which is the whole schema `root` or a part of it."""
    unknown = schema.keys() - KEYWORDS.keys() - ANNOTATIONS
    if unknown:
        raise NotImplementedError(f"unknown keywords: {unknown}")
    return all(KEYWORDS[key](value, schema[key], schema, root) for key in schema.keys() & KEYWORDS.keys())
