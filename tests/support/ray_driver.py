"""Runs the Ray Serve application until its standard input ends; a line there asks for the number of replicas.

python -m tests.support.ray_driver PORT NAME=VALUE…
"""

import json
import sys
from typing import Any


def main() -> None:
    """Start a cluster of one machine, run the application, answer questions, end both."""
    import ray
    from ray import serve

    from zaphod.server.ray_application import application

    port, words = int(sys.argv[1]), dict(word.split("=", 1) for word in sys.argv[2:])
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, configure_logging=False)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(application(words), blocking=False)
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
    for _ in sys.stdin:
        deployment: Any = serve.status().applications["default"].deployments["zaphod"]
        print(json.dumps({str(state): number for state, number in deployment.replica_states.items()}), flush=True)
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
