#!/usr/bin/env bash
# Generates the Python client from proto/ into generated/ (never committed).
# PYTHON names the interpreter that has requirements.txt installed; python3 unless set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

proto=../../proto
rm -rf generated
mkdir generated
# google/rpc comes with googleapis-common-protos.
"${PYTHON:-python3}" -m grpc_tools.protoc -I "$proto" \
    --python_out=generated --pyi_out=generated --grpc_python_out=generated \
    "$proto"/roster/v1/*.proto "$proto"/buf/validate/validate.proto
cp "$proto/service_config.json" generated/
echo "generated $(find generated -name '*_pb2.py' | wc -l) modules from proto/ into clients/python/generated"
