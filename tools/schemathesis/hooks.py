"""Makes requests keep what the contract says in words because a JSON Schema cannot (see
schemathesis.toml). Requests that are meant to break the contract stay as they are."""

import itertools
import re
from urllib.parse import quote, unquote

import schemathesis

KEYS = itertools.count(1)

# What a reference to an object of the tenant looks like; others lead nowhere.
REFERENCE = re.compile(r"[a-z]+_[0-9A-Za-z]{22}")

# A page is asked for in one of these ways; mixed they are refused.
PAGINATION = [{"limit"}, {"offset", "limit"}, {"page", "per_page"}]
PAGING = set().union(*PAGINATION)


@schemathesis.hook
def before_call(context, case, **kwargs):
    fresh_key(case, is_positive(case))
    # With another key, the request may keep the contract by now.
    if is_positive(case):
        one_page(case)
        # A cursor by another name.
        (case.headers or {}).pop("Last-Event-ID", None)
        for name, value in (case.path_parameters or {}).items():
            if isinstance(value, str):
                text = printable(unquote(value)).translate({ord("\n"): " ", ord("\t"): " "})
                case.path_parameters[name] = quote(text, safe="")
        case.query = printable(case.query)
        case.body = printable(case.body)
        if isinstance(case.body, dict):
            in_agreement(case)
            known_references(case.body)


def is_positive(case):
    return case.meta is None or case.meta.generation.mode.is_positive


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


def in_agreement(case):
    """What several fields say together: `title` is a synonym of `name`; `role` is the highest of
    `roles`; the id of a new tenant is a word."""
    body = case.body
    if "title" in body and "name" in body:
        body["title"] = body["name"]
    if "roles" in body:
        body.pop("role", None)
    word = re.fullmatch(r"[\w-]{3,64}", str(body.get("tenant_id", "")), re.ASCII)
    if case.path == "/auth/register" and not word:
        body.pop("tenant_id", None)


def known_references(body):
    """No references to objects that do not exist: which there are, no schema can say."""
    for name in [name for name in body if name.endswith(("_id", "_ids")) and name != "tenant_id"]:
        ids = body[name] if isinstance(body[name], list) else [body[name]]
        if not all(isinstance(id, str) and REFERENCE.fullmatch(id) for id in ids):
            del body[name]


def printable(value):
    """Text without control characters; line feed and tab are allowed, but in a path."""
    if isinstance(value, str):
        return "".join(c if c in "\n\t" or not control(c) else " " for c in value)
    if isinstance(value, dict):
        return {printable(name): printable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [printable(member) for member in value]
    return value


def control(c):
    return c < " " or "\x7f" <= c <= "\x9f"
