"""Fragments of JSON, and of what is no JSON, that have broken servers; by names that stand in a test's message."""

from __future__ import annotations

from collections.abc import Mapping

NUMBERS: Mapping[str, bytes] = {
    "-1": b"-1",
    "0": b"0",
    "1": b"1",
    "2^31-1": b"2147483647",
    "2^31": b"2147483648",
    "2^53+1": b"9007199254740993",
    "2^63-1": b"9223372036854775807",
    "2^63": b"9223372036854775808",
    "-2^63": b"-9223372036854775808",
    "2^64": b"18446744073709551616",
    "0.5": b"0.5",
    "1.0": b"1.0",
    "-0.0": b"-0.0",
    "least": b"5e-324",
    "1e308": b"1e308",
    "-1e308": b"-1e308",
    "1e400": b"1e400",
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "-Infinity": b"-Infinity",
    "10,000 digits": b"1" * 10_000,
    "10,000 decimals": b"1." + b"1" * 10_000,
}

TEXTS: Mapping[str, bytes] = {
    "empty": b'""',
    "space": b'" "',
    "NUL": b'"a\\u0000b"',
    "control bytes": b'"\x00\x01\x1f"',
    "high surrogate": b'"\\ud800"',
    "low surrogate": b'"\\udc00"',
    "surrogates swapped": b'"\\udc00\\ud800"',
    "noncharacters": '"\ufffe\uffff\U0010ffff"'.encode(),
    "invalid UTF-8": b'"\xff\xfe"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "right to left": '"\u202eabc\u2066"'.encode(),
    "number as text": b'"1"',
    "NaN as text": b'"NaN"',
    "special tokens": b'"<|eos|><|user|><|endoftext|>"',
    "template": b'"{{ 7*7 }}{% for i in range(10**9) %}x{% endfor %}"',
    "path": b'"../../../../etc/passwd\\u0000.json"',
}

OTHERS: Mapping[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "false": b"false",
    "[]": b"[]",
    "{}": b"{}",
    "[[]]": b"[[]]",
    "[{}]": b"[{}]",
    "[null]": b"[null]",
    "repeated key": b'{"type": "text", "type": 5}',
    "unknown field": b'{"type": "nonsense", "role": "nobody", "xyzzy": 1}',
    "100 lists": b"[" * 100 + b"]" * 100,
    "100 objects": b'{"a":' * 100 + b"1" + b"}" * 100,
    "5,000 lists": b"[" * 5_000 + b"]" * 5_000,
    "5,000 objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "nothing": b"",
    "a word": b"undefined",
    "two values": b"1, 2",
    "end": b"}",
}

LARGE: Mapping[str, tuple[str, bytes]] = {
    "1 MB of text": ("string", b'"' + b"a" * (1 << 20) + b'"'),
    "1 MB of emoji": ("string", b'"' + "😀".encode() * (1 << 18) + b'"'),
    "200,000 items": ("array", b"[" + b"1," * 199_999 + b"1]"),
    "20,000 texts": ("array", b"[" + b'"a",' * 19_999 + b'"a"]'),
    "20,000 fields": ("object", b"{" + b",".join(b'"k%d":1' % number for number in range(20_000)) + b"}"),
}
"""With JSON's type."""

ALL: Mapping[str, bytes] = {**NUMBERS, **TEXTS, **OTHERS}
"""Without those that are large."""

HARSHEST = ("2^63", "NaN", "NUL", "high surrogate", "invalid UTF-8", "null", "[]", "5,000 lists")
"""For places that are tried elsewhere with all of them."""

BODIES: Mapping[str, bytes] = {
    "nothing": b"",
    "space": b" \n\t",
    "list": b"[]",
    "null": b"null",
    "text": b'"text"',
    "number": b"5",
    "NaN": b"NaN",
    "cut off": b'{"messages": [{"role": "us',
    "behind the end": b'{"model": "builtin"} {"model": "builtin"}',
    "BOM": b'\xef\xbb\xbf{"model": "builtin"}',
    "UTF-16": '{"model": "builtin"}'.encode("utf-16"),
    "UTF-32": '{"model": "builtin"}'.encode("utf-32"),
    "form": b"model=builtin&messages=hi",
    "multipart": b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nbuiltin\r\n--x--',
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
    "pickle": b"cos\nsystem\n(S'true'\ntR.",
    "gzip": bytes.fromhex("1f8b0800000000000003") + b"\x00" * 64,
    "NUL bytes": b"\x00" * 1000,
    "comment": b'{"model": "builtin" /* ours */}',
    "single quotes": b"{'model': 'builtin'}",
    "keys without quotes": b"{model: 1}",
    "last comma": b'{"model": "builtin",}',
    "repeated key": b'{"model": 5, "model": "builtin"}',
    "empty key": b'{"": 1}',
    "prototype": b'{"__proto__": {"model": "x"}, "constructor": 1, "__class__": 2, "__init__": 3}',
    "invalid UTF-8 key": b'{"\xff": 1}',
    "10,000 digits": b"1" * 10_000,
    "10,000 digits in a field": b'{"model": ' + b"9" * 10_000 + b"}",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "7 MB of lists": b"[" * 7_000_000,
    "7 MB of objects": b'{"":' * 1_750_000,
    "7 MB of commas": b"[" + b"," * 7_000_000,
    "7 MB of quotes": b'"' * 7_000_001,
    "7 MB of backslashes": b'"' + b"\\" * 7_000_000 + b'"',
    "7 MB of digits": b"1" * 7_000_000,
    "7 MB of fields": b"{" + b'"a":1,' * 1_000_000 + b'"b":1}',
    "10 MB": b"[" * 10_000_000,
}
"""Whole bodies, none of which is a request."""
