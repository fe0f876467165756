"""Makes requests keep what the contract says in words because a JSON Schema cannot (see
schemathesis.toml). Requests that are meant to break the contract stay as they are."""

import itertools
from urllib.parse import quote, unquote

import schemathesis

KEYS = itertools.count(1)

# A page is asked for in one of these ways; mixed they are refused.
PAGINATION = [{"limit"}, {"offset", "limit"}, {"page", "per_page"}]
PAGING = set().union(*PAGINATION)


@schemathesis.hook
def before_call(context, case, **kwargs):
    positive = case.meta is None or case.meta.generation.mode.is_positive
    fresh_key(case, positive)
    if (case.query or {}).get("fields"):
        # An answer with some of the fields is not the object of the schema.
        del case.query["fields"]
    if positive:
        one_page(case)
        for name, value in (case.path_parameters or {}).items():
            if isinstance(value, str):
                case.path_parameters[name] = quote(printable(unquote(value)), safe="")
        case.query = printable(case.query)
        case.body = printable(case.body)


def fresh_key(case, positive):
    """Each request its own key: with one that was used it is the answer of another request,
    or a refusal, that is judged."""
    key = (case.headers or {}).get("Idempotency-Key")
    valid = isinstance(key, str) and 0 < len(key) < 256 and key.isascii() and key.isprintable()
    if key is not None and (valid or positive):
        case.headers["Idempotency-Key"] = f"conformance-{next(KEYS)}"


def one_page(case):
    """One way of paging, and no cursor, as only the server can make one."""
    query = case.query
    if not query:
        return
    query.pop("cursor", None)
    asked = PAGING.intersection(query)
    if any(asked <= way for way in PAGINATION):
        return
    way = PAGINATION[next(KEYS) % len(PAGINATION)]
    for name in asked - way:
        del query[name]


def printable(value):
    """Text without control characters; line feed and tab are allowed."""
    if isinstance(value, str):
        return "".join(c if c in "\n\t" or not control(c) else " " for c in value)
    if isinstance(value, dict):
        return {printable(name): printable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [printable(member) for member in value]
    return value


def control(c):
    return c < " " or "\x7f" <= c <= "\x9f"
