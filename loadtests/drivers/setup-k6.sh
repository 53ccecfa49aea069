#!/bin/sh
# Builds k6 at a pinned version where Go is there. Not part of `npm ci`: only --engine k6 needs it.
set -eu
VERSION=v2.2.0
cd "$(dirname "$0")/../.."
TARGET="$PWD/node_modules/.cache/redline/k6"

if [ -x "$TARGET" ] && "$TARGET" version 2>/dev/null | grep -q "$VERSION "; then
  echo "k6 $VERSION is there: $TARGET"
  exit 0
fi
if ! command -v go >/dev/null; then
  echo "k6 cannot be built: there is no Go. Install Go 1.25 or newer (https://go.dev/dl), or k6 itself (https://k6.io)." >&2
  exit 1
fi
mkdir -p "$(dirname "$TARGET")"
module="$(mktemp -d)"
trap 'rm -rf "$module"' EXIT
cd "$module"
echo "building k6 $VERSION, which takes some minutes" >&2
# A module of its own, because `go install` wants to ask for every version that there is, which not every proxy answers.
go mod init redline-k6 2>/dev/null
printf '//go:build tools\n\npackage tools\n\nimport _ "go.k6.io/k6/v2"\n' >tools.go
go get "go.k6.io/k6/v2@$VERSION" 2>/dev/null
go build -trimpath -o "$TARGET" go.k6.io/k6/v2
"$TARGET" version
