"""Whether a document keeps to a JSON Schema, as far as ours go; it says where not."""

TYPES = {
    "string": lambda one: isinstance(one, str),
    "integer": lambda one: isinstance(one, int) and not isinstance(one, bool),
    "number": lambda one: isinstance(one, int | float) and not isinstance(one, bool),
    "boolean": lambda one: isinstance(one, bool),
    "null": lambda one: one is None,
    "array": lambda one: isinstance(one, list),
    "object": lambda one: isinstance(one, dict),
}
KNOWN = {"$schema", "$defs", "$ref", "title", "description", "type", "required", "properties", "additionalProperties",
         "items", "prefixItems", "minItems", "maxItems", "anyOf", "enum", "const"}  # fmt: skip


def complaints(schema, told, root=None, where="$"):
    """What is wrong, as sentences; a keyword that is not known here is wrong, too."""
    root = root or schema
    if unknown := set(schema) - KNOWN:
        return [f"{where}: unknown keywords {unknown}"]
    if "$ref" in schema:
        return complaints(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], told, root, where)
    if "anyOf" in schema:
        tried = [complaints(one, told, root, where) for one in schema["anyOf"]]
        return [] if any(not found for found in tried) else [f"{where}: none of {len(tried)}: {tried}"]
    if "const" in schema and told != schema["const"]:
        return [f"{where}: {told!r} is not {schema['const']!r}"]
    if "enum" in schema and told not in schema["enum"]:
        return [f"{where}: {told!r} is none of {schema['enum']}"]
    if "type" in schema and not TYPES[schema["type"]](told):
        return [f"{where}: {told!r} is no {schema['type']}"]
    return [*_object(schema, told, root, where), *_array(schema, told, root, where)]


def _object(schema, told, root, where):
    if not isinstance(told, dict):
        return
    yield from (f"{where}: without {name}" for name in schema.get("required", ()) if name not in told)
    for name, value in told.items():
        below = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        if below is not None:
            yield from complaints(below, value, root, f"{where}.{name}")


def _array(schema, told, root, where):
    if not isinstance(told, list):
        return
    if not schema.get("minItems", 0) <= len(told) <= schema.get("maxItems", len(told)):
        yield f"{where}: {len(told)} entries"
    for place, value in enumerate(told):
        given = schema.get("prefixItems")
        below = given[place] if given else schema.get("items")
        if below is not None:
            yield from complaints(below, value, root, f"{where}[{place}]")
