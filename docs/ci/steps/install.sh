#!/bin/sh
# Puts topicsmith on the PATH of the steps that follow, built from the checkout that this script is in,
# unless there is one already. Runners on GitHub have Rust and a C compiler; a runner of your own can
# have the binary instead.
set -eu

if command -v topicsmith >/dev/null 2>&1; then
    topicsmith --version
    exit 0
fi
root=$(cd "$(dirname "$0")/../../.." && pwd)
# Cargo reads settings, programs to run among them, from where it is started: not from a pull request.
cd "$root"
into=${RUNNER_TEMP:-/tmp}/topicsmith
cargo install --quiet --locked --no-default-features --features vendored --path "$root" --root "$into"
echo "$into/bin" >>"$GITHUB_PATH"
"$into/bin/topicsmith" --version
