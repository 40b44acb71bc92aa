#!/usr/bin/env python3
"""Asks the server in this container for a path: exit code 0 if it answers 200. Knows nothing but HTTP.

    zaphod-probe /live
    zaphod-probe /ready --key-file /run/secrets/zaphod/api-key

`/ready` wants a key, which a Kubernetes HTTP probe cannot read from a secret. The standard library alone starts in some
hundredths of a second.
"""

import http.client
import sys


def main(arguments: list[str]) -> int:
    """Ask, print what is wrong, and return the exit code."""
    path, headers, port = arguments[0], {}, 8000
    for name, value in zip(arguments[1::2], arguments[2::2], strict=False):
        if name == "--key-file":
            with open(value, encoding="ascii") as file:
                headers["Authorization"] = "Bearer " + file.read().strip()
        elif name == "--port":
            port = int(value)
        else:
            print(f"{name} is unknown. Known: --key-file, --port.", file=sys.stderr)
            return 2
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read(500)
    except OSError as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    if answer.status != 200:
        print(f"{path}: status {answer.status} {body.decode(errors='replace')}", file=sys.stderr)
    return int(answer.status != 200)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
