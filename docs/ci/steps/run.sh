#!/bin/sh
# What a pipeline does with topicsmith, the same on GitHub and GitLab:
#
#   run.sh validate   checks the files, with annotations
#   run.sh plan       plans, and keeps the plan's comment on the pull request up to date
#   run.sh apply      after the merge: applies what was reviewed, or says why not
#   run.sh drift      keeps an issue open for as long as there is drift
#
# Variables set what it does, so that nothing of a pull request is ever part of a command:
#
#   TOPICSMITH_ENV                the environment
#   TOPICSMITH_CHECKOUT           the checkout to work in, if not the job's: a pull request's, beside
#                                 the trusted one
#   TOPICSMITH_DIR                the folder in it that holds topics/ and environments/, if not the whole
#   TOPICSMITH_ENVIRONMENTS_DIR   environments/ of a trusted checkout, as an absolute path
#   TOPICSMITH_ARGS               more arguments for plan and drift, between blanks
#
# and, as for every topicsmith, TOPICSMITH_CLIENT_CONFIG, TOPICSMITH_SCOPE and the others. It exits as
# topicsmith does, but drift is no failure.
#
# It works in a new folder outside of every checkout. At its end it copies the results to the folder
# topicsmith-ci in RUNNER_TEMP (GitHub) or in the job's checkout (GitLab uploads nothing else), which it
# removes at its start: plan.json and approval.json of a plan that succeeded, report.json of an apply.
set -euf

case $0 in */*) steps=${0%/*} ;; *) steps=. ;; esac
unset CDPATH
steps=$(cd "$steps" && pwd -P)
# shellcheck source=docs/ci/steps/clean.sh
. "$steps/clean.sh"
if [ -n "${GITLAB_CI:-}" ]; then
    platform=gitlab format=text
    results=${CI_PROJECT_DIR:?}/topicsmith-ci
    workspace=$CI_PROJECT_DIR
else
    platform=github format=github
    results=${RUNNER_TEMP:?run.sh runs on GitHub or GitLab}/topicsmith-ci
    workspace=${GITHUB_WORKSPACE:?}
fi
# A pull request could have brought this folder, or a link of its name.
rm -rf -- "$results"

for temporary in "${RUNNER_TEMP:-}" "${TMPDIR:-}" /tmp; do
    if outside "$temporary"; then break; fi
done
work=$(mktemp -d "$temporary/topicsmith.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
workspace=$(cd "$workspace" && pwd -P)
# No program but topicsmith is started in a checkout.
cd "$work"
plan=$work/plan.json
approval=$work/approval.json
comment=$work/comment.md
report=$work/report.json
environment=${TOPICSMITH_ENV:-}

# shellcheck source=docs/ci/steps/github.sh
. "$steps/$platform.sh"

# Of the plan: the number of the pull request, its last commit, the branch and commit that it is
# merged with. Empty where there is no pull request.
request="" head="" base_branch="" base=""

smith() {
    checkout=$(cd "$workspace" && cd "${TOPICSMITH_CHECKOUT:-.}" && pwd -P) || return 1
    # A folder that is not there is for topicsmith to report.
    folder=$(cd "$checkout" && cd "${TOPICSMITH_DIR:-.}" 2>/dev/null && pwd -P) || folder=$checkout
    case $folder/ in
    "$checkout"/*) ;;
    *)
        echo "TOPICSMITH_DIR leads out of the checkout" >&2
        return 1
        ;;
    esac
    if [ -n "${TOPICSMITH_ENVIRONMENTS_DIR:-}" ]; then
        set -- --environments-dir "$TOPICSMITH_ENVIRONMENTS_DIR" "$@"
    fi
    if [ -n "${TOPICSMITH_DIR:-}" ]; then
        set -- -C "$TOPICSMITH_DIR" "$@"
    fi
    (cd "$checkout" && topicsmith "$@")
}

# The first line of a comment, by which the next run finds it.
marker() { # marker COMMAND
    printf '<!-- topicsmith %s -->\n' \
        "$1${environment:+ $environment}${TOPICSMITH_DIR:+ in $TOPICSMITH_DIR}"
}

# The comment of a run that could not even begin, below the same marker as that of one that did.
instead() { # instead COMMAND SENTENCE
    {
        marker "$1"
        printf '\n### %s\n' "$2"
    } >"$comment"
    echo "$2" >&2
}

# Shows the comment where it is read. What came out counts for more than whether that was possible.
say() {
    [ -s "$comment" ] || return 0
    summary "$comment"
    post_comment "$comment" || [ "$code" -ne 0 ] || code=1
}

# Hands results to the steps and jobs that follow.
keep() { # keep FILE...
    rm -rf -- "$results"
    mkdir -- "$results"
    cp -- "$@" "$results/"
}

sha256() { # sha256 FILE
    sha256sum <"$1" | cut -c 1-64
}

# Writes what the plan is an approval of, to a file beside it and into the second line of its comment.
# Whatever else is in a plan's comment, that line is of this script. In a comment of HTML nothing ends
# but by `>`.
approve() {
    jq -r -n --slurpfile plan "$plan" --arg sha256 "$(sha256 "$plan")" --arg project "$project_id" \
        --arg request "$request" --arg commit "$head" --arg branch "$base_branch" --arg base "$base" \
        --arg run "$run_id" --arg job "$job_id" --arg directory "${TOPICSMITH_DIR:-}" '
        {format: "topicsmith/approval/1", project: $project, request: $request, commit: $commit,
            branch: $branch, base: $base, environment: $plan[0].environment, directory: $directory,
            cluster_id: $plan[0].cluster_id, run: $run, job: $job, sha256: $sha256}
        | tojson | gsub("<"; "\\u003c") | gsub(">"; "\\u003e")' >"$approval" || return
    {
        head -n 1 "$comment"
        printf '<!-- %s -->\n' "$(cat "$approval")"
        tail -n +2 "$comment"
    } >"$comment.signed" || return
    mv -- "$comment.signed" "$comment"
    echo "the plan of commit $head has the SHA-256 $(sha256 "$plan")" >&2
}

# Compares the plan in hand with the approval beside it, and both with the merge that is applied; says
# which part differs.
approved() { # approved RUN [JOB]
    differs=$(jq -r -n --slurpfile plan "$plan" --slurpfile approval "$approval" \
        --arg sha256 "$(sha256 "$plan")" --arg project "$project_id" --arg request "$request" \
        --arg commit "$head" --arg branch "$base_branch" --arg run "$1" --arg job "${2:-}" \
        --arg environment "$environment" --arg directory "${TOPICSMITH_DIR:-}" '
        $plan[0] as $plan | $approval[0] as $approval
        | {format: "topicsmith/approval/1", project: $project, request: $request, commit: $commit,
            branch: $branch, run: $run, environment: $environment, directory: $directory,
            cluster_id: $plan.cluster_id, sha256: $sha256}
        | if $job == "" then . else .job = $job end
        | [to_entries[] | select($approval[.key] != .value) | .key]
        + (if $plan.environment == $environment then [] else ["environment of the plan"] end)
        + (if $plan.commit == $commit then [] else ["commit of the plan"] end)
        | join(", ")') || return
    if [ -n "$differs" ]; then
        echo "the plan of run $1 is not of this merge: $differs" >&2
        return 1
    fi
}

# Says whose plan is applied.
tell_approval() {
    jq -r 'def plain: tostring | gsub("[^A-Za-z0-9_ ./-]"; "?");
        "applying the plan of run \(.run | plain), job \(.job | plain), for pull request \(.request | plain): "
        + "commit \(.commit | plain), cluster \(.cluster_id | plain), SHA-256 \(.sha256 | plain)"' "$approval" >&2
}

validate() {
    # Every environment, whichever this job is for.
    unset TOPICSMITH_ENV
    smith validate --format "$format"
}

plan() {
    code=0
    proposed || code=$?
    if [ "$code" -ne 0 ]; then
        say
        return "$code"
    fi
    TOPICSMITH_ARGS="${TOPICSMITH_ARGS:-}${head:+ --commit $head}"
    # shellcheck disable=SC2086
    smith plan $TOPICSMITH_ARGS --format markdown --out "$plan" >"$comment" || code=$?
    if [ "$code" -eq 0 ] && [ -n "$request" ]; then
        approve || code=1
    fi
    if [ "$format" = github ]; then
        # The same at file and line. It can fail no other way than the first one.
        # shellcheck disable=SC2086
        smith plan $TOPICSMITH_ARGS --format github 2>/dev/null || true
    fi
    say
    if [ "$code" -eq 0 ]; then
        if [ -n "$request" ]; then keep "$plan" "$approval"; else keep "$plan"; fi
    fi
    return "$code"
}

apply() {
    code=0
    reviewed_plan || code=$?
    case $code in
    0)
        tell_approval
        smith apply "$plan" --yes --lock-timeout 10m --report "$report" \
            --format markdown >"$comment" || code=$?
        ;;
    4) instead apply "Nothing was applied: there is no plan that a trusted job made for this merge." ;;
    *) instead apply "Nothing was applied: the plan that was reviewed could not be fetched." ;;
    esac
    if [ "$code" -eq 4 ]; then
        echo "nothing was changed: the comment has the reason. Plan again in a new pull request, or, where" >&2
        echo "another apply has to be done first, run this job again" >&2
    fi
    say
    [ ! -e "$report" ] || keep "$report"
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
