"""What a statement may do: everything that is not listed here, it may not."""

import apsw

_TEXT = """abs char coalesce concat concat_ws format glob hex if ifnull iif instr length like
    likelihood likely lower ltrim max min nullif octet_length printf quote random replace round
    rtrim sign sqlite_version substr substring trim typeof unhex unicode unlikely upper -> ->>"""
_DATES = """date datetime julianday strftime time timediff unixepoch
    current_date current_time current_timestamp"""
_AGGREGATES = """avg count group_concat median percentile percentile_cont percentile_disc string_agg
    sum total cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank
    rank row_number"""
_MATHEMATICS = """acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln
    log log10 log2 mod pi pow power radians sin sinh sqrt tan tanh trunc"""
_JSON = """json json_array json_array_length json_each json_extract json_group_array
    json_group_object json_object json_quote json_tree json_type json_valid"""
_FULL_TEXT = "bm25 highlight match matchinfo offsets snippet"
_FUNCTIONS = frozenset(
    f"{_TEXT} {_DATES} {_AGGREGATES} {_MATHEMATICS} {_JSON} {_FULL_TEXT}".split()
)
_BUILDERS = """char concat concat_ws format group_concat hex json_array json_group_array
    json_group_object json_object printf quote replace string_agg unhex"""
BUILDERS = frozenset(_BUILDERS.split())
"""Those that can make a long text out of short ones."""

_PLAIN = "data_version encoding page_count schema_version user_version"
_PLAIN_PRAGMAS = frozenset(_PLAIN.split())
"""`data_version` is what a full-text table asks by itself. With a value most of them would set."""
_READING = "foreign_key_list index_info index_list index_xinfo table_info table_list table_xinfo"
_PRAGMAS = frozenset(_READING.split())

_NAMES = {
    value: name.removeprefix("SQLITE_").replace("_", " ")
    for name, value in apsw.mapping_authorizer_function.items()
    if isinstance(name, str)
}


def problem(action: int, first: str | None, second: str | None) -> str:
    """What of it is not allowed, as SQL says it; empty if it is."""
    if action in (apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_RECURSIVE):
        return ""
    if action == apsw.SQLITE_FUNCTION:
        name = (second or "").lower()
        return "" if name in _FUNCTIONS else f"{name}()"
    if action == apsw.SQLITE_PRAGMA:
        name = (first or "").lower()
        fits = name in _PRAGMAS or (name in _PLAIN_PRAGMAS and second is None)
        return "" if fits else f"PRAGMA {name}"
    return f"{_NAMES.get(action, action)} {first or ''}".strip()
