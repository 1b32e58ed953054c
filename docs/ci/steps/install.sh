#!/bin/sh
# Puts topicsmith on the PATH of the steps that follow, built from the checkout that this script is in,
# unless there is one already. Runners on GitHub have Rust and a C compiler; a runner of your own can
# have the binary instead.
set -eu

case $0 in */*) steps=${0%/*} ;; *) steps=. ;; esac
unset CDPATH
steps=$(cd "$steps" && pwd -P)
# shellcheck source=docs/ci/steps/clean.sh
. "$steps/clean.sh"

# Cargo reads settings, programs to run among them, from where it is started and the folders around
# it: not from a pull request.
root=$(cd "$steps/../../.." && pwd -P)
cd "$root"
if command -v topicsmith >/dev/null 2>&1; then
    topicsmith --version
    exit 0
fi
if ! outside "$root"; then
    echo "topicsmith is not built in a job's workspace, where a pull request's files can change the build:" >&2
    echo "use the action by its name and release, or have topicsmith on the runner's PATH" >&2
    exit 1
fi
into=${RUNNER_TEMP:-/tmp}/topicsmith
cargo install --quiet --locked --no-default-features --features vendored --path "$root" --root "$into"
echo "$into/bin" >>"$GITHUB_PATH"
"$into/bin/topicsmith" --version
