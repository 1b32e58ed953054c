#!/bin/sh
# What a pipeline does with topicsmith, the same on GitHub and GitLab:
#
#   run.sh validate   checks the files, with annotations
#   run.sh plan       plans, and keeps the plan's comment on the pull request up to date
#   run.sh apply      after the merge: applies what was reviewed, or says why not
#   run.sh drift      keeps an issue open for as long as there is drift
#
# It is told by variables, so that nothing of a pull request is ever part of a command:
#
#   TOPICSMITH_ENV                the environment
#   TOPICSMITH_CHECKOUT           the checkout to work in, if not this folder: a pull request's, beside
#                                 the trusted one
#   TOPICSMITH_DIR                the folder in it that holds topics/ and environments/, if not the whole
#   TOPICSMITH_ENVIRONMENTS_DIR   environments/ of a trusted checkout, as an absolute path
#   TOPICSMITH_ARGS               more arguments for plan and drift, between blanks
#   TOPICSMITH_WORK               where plan.json, comment.md and report.json go; topicsmith-ci
#
# and, as every topicsmith, by TOPICSMITH_CLIENT_CONFIG, TOPICSMITH_SCOPE and the others. It exits as
# topicsmith does, but drift is no failure.
set -euf

steps=$(cd "$(dirname "$0")" && pwd)
if [ -n "${GITLAB_CI:-}" ]; then
    platform=gitlab format=text
else
    platform=github format=github
fi
# shellcheck source=docs/ci/steps/github.sh
. "$steps/$platform.sh"

# A pull request could have brought links, for what is written here to end up elsewhere.
if [ -L "${TOPICSMITH_WORK:=topicsmith-ci}" ]; then
    echo "$TOPICSMITH_WORK is a link; nothing is written through it" >&2
    exit 1
fi
mkdir -p "$TOPICSMITH_WORK"
work=$(cd "$TOPICSMITH_WORK" && pwd)
plan=$work/plan.json
comment=$work/comment.md
rm -rf "$plan" "$plan.zip" "$comment" "$work/report.json"
environment=${TOPICSMITH_ENV:-}
cd "${TOPICSMITH_CHECKOUT:-.}"

smith() {
    if [ -n "${TOPICSMITH_ENVIRONMENTS_DIR:-}" ]; then
        set -- --environments-dir "$TOPICSMITH_ENVIRONMENTS_DIR" "$@"
    fi
    if [ -n "${TOPICSMITH_DIR:-}" ]; then
        set -- -C "$TOPICSMITH_DIR" "$@"
    fi
    topicsmith "$@"
}

# The comment of a run that could not even begin, below the same marker as that of one that did.
instead() { # instead COMMAND SENTENCE
    printf '<!-- topicsmith %s -->\n\n### %s\n' \
        "$1${environment:+ $environment}${TOPICSMITH_DIR:+ in $TOPICSMITH_DIR}" "$2" >"$comment"
    echo "$2" >&2
}

# Shows the comment where it is read. What came out counts for more than whether that was possible.
say() {
    summary "$comment"
    post_comment "$comment" || [ "$code" -ne 0 ] || code=1
}

validate() {
    # Every environment, whichever this job is for.
    unset TOPICSMITH_ENV
    smith validate --format "$format"
}

plan() {
    code=0
    if [ -n "${PULL_REQUEST_HEAD:-}" ]; then
        # The merge with the target branch is what was checked out: its second parent is the commit that
        # the plan is said to be of.
        if [ "$(git rev-parse HEAD^2)" != "$PULL_REQUEST_HEAD" ]; then
            echo "the pull request has moved on from $PULL_REQUEST_HEAD: its next run plans it" >&2
            return 1
        fi
        TOPICSMITH_ARGS="${TOPICSMITH_ARGS:-} --commit $PULL_REQUEST_HEAD"
    fi
    # shellcheck disable=SC2086
    smith plan ${TOPICSMITH_ARGS:-} --format markdown --out "$plan" >"$comment" || code=$?
    if [ "$format" = github ]; then
        # The same at file and line. It can fail no other way than the first one.
        # shellcheck disable=SC2086
        smith plan ${TOPICSMITH_ARGS:-} --format github 2>/dev/null || true
    fi
    say
    return "$code"
}

apply() {
    code=0
    reviewed_plan "$plan" || code=$?
    case $code in
    0)
        smith apply "$plan" --yes --lock-timeout 10m --report "$work/report.json" \
            --format markdown >"$comment" || code=$?
        ;;
    4) instead apply "Nothing was applied: there is no plan that a trusted job made for this merge." ;;
    *) instead apply "Nothing was applied: the plan that was reviewed could not be fetched." ;;
    esac
    if [ "$code" -eq 4 ]; then
        echo "nothing was changed: $comment says why. Plan again in a new pull request, or, where" >&2
        echo "another apply has to be done first, run this job again" >&2
    fi
    say
    return "$code"
}

drift() {
    code=0
    # shellcheck disable=SC2086
    smith drift ${TOPICSMITH_ARGS:-} --format markdown >"$comment" || code=$?
    summary "$comment"
    case $code in
    0) close_issue "$comment" ;;
    2) open_issue "$comment" ;;
    *) return "$code" ;;
    esac
}

case ${1:-} in
validate | plan | apply | drift) "$1" ;;
*)
    echo "run.sh validate|plan|apply|drift" >&2
    exit 64
    ;;
esac
