"""Files for the official TensorFlow Serving image, beside the versions of an export."""

from __future__ import annotations

import json
from pathlib import Path

from kerasmm.files.writing import write_whole

SERVER_IMAGE = "tensorflow/serving:2.20.0"
"""The server of the TensorFlow that exports are made with."""

_MODELS = """\
# Which models the server loads, and from where in its own file system. The largest version is served; a new one is
# found while the server runs. Written once: edit freely.
model_config_list {{
  config {{
    name: {name}
    base_path: {base_path}
    model_platform: "tensorflow"
    model_version_policy {{ latest {{ num_versions: 1 }} }}
  }}
}}
"""

_BATCHING = """\
# Joins requests that come within two milliseconds. The server would pad requests of different widths with their own
# first word, which changes the question, so it must not: with batching, clients pad tags with "" to a common width.
max_batch_size { value: 32 }
batch_timeout_micros { value: 2000 }
max_enqueued_batches { value: 128 }
num_batch_threads { value: 4 }
allowed_batch_sizes: [ 1, 2, 4, 8, 16, 32 ]
pad_variable_length_inputs: false
"""

_COMPOSE = """\
# docker compose up serving            REST on 8501, gRPC on 8500
# docker compose up serving-batched    the same, joining requests as batching.config says
x-serving: &serving
  image: {image}
  entrypoint: [tensorflow_model_server]
  ports: ["8500:8500", "8501:8501"]
  volumes: [{volume}]
  restart: unless-stopped

services:
  serving:
    <<: *serving
    command:
      - --port=8500
      - --rest_api_port=8501
      - {model_config}
  serving-batched:
    <<: *serving
    profiles: [batched]
    command:
      - --port=8500
      - --rest_api_port=8501
      - {model_config}
      - --enable_batching=true
      - {batching}
"""


def write_server_files(base: Path, name: str) -> None:
    """Writes `models.config`, `batching.config` and `compose.yaml` where they are missing; what is there is kept.

    Args:
        base: The folder that holds the versions.
        name: The model's name in requests.
    """
    inside = f"/models/{name}"
    # JSON strings are strings in text protos and YAML as well.
    files = {
        "models.config": _MODELS.format(name=json.dumps(name), base_path=json.dumps(inside)),
        "batching.config": _BATCHING,
        "compose.yaml": _COMPOSE.format(
            image=SERVER_IMAGE,
            volume=json.dumps(f".:{inside}:ro"),
            model_config=json.dumps(f"--model_config_file={inside}/models.config"),
            batching=json.dumps(f"--batching_parameters_file={inside}/batching.config"),
        ),
    }
    for file, content in files.items():
        if not (base / file).exists():
            write_whole(base / file, content)
