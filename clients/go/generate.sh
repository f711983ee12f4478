#!/usr/bin/env bash
# Generates the Go client from proto/ into generated/ (never committed). Needs buf (https://buf.build/docs/cli) on the PATH;
# the two generators are tools of go.mod.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

rm -rf generated
buf generate
cp ../../proto/service_config.json generated/
cat >generated/generated.go <<'GO'
// Package generated holds the client made from proto/, and what is published beside it.
package generated

import _ "embed"

// ServiceConfig tells the channel what it may repeat by itself.
//
//go:embed service_config.json
var ServiceConfig string
GO
echo "generated $(find generated -name '*.pb.go' | wc -l) files from proto/ into clients/go/generated"
