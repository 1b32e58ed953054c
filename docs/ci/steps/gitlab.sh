# The parts of run.sh that speak to GitLab, by `curl` and `jq`.
#
#   TOPICSMITH_GITLAB_TOKEN   a project access token with the scope api, masked. For plans it must be
#                             readable on merge requests; for apply and drift keep it protected
#   PLAN_JOB                  the job whose plans are trusted; topicsmith-plan
# shellcheck shell=sh

: "${PLAN_JOB:=topicsmith-plan}"
project="${CI_API_V4_URL:?run.sh runs on GitHub or GitLab}/projects/$CI_PROJECT_ID"
project_id=$CI_PROJECT_ID run_id=${CI_PIPELINE_ID:-} job_id=${CI_JOB_ID:-}

# The token goes by standard input: arguments can be seen by others on the machine. Artifacts may be
# redirected to an object store, and of all headers curl keeps Authorization from another host. No
# .curlrc is read.
gitlab() { # gitlab PATH [ARGUMENTS OF curl]
    path=$1
    shift
    printf 'header = "Authorization: Bearer %s"\n' "${TOPICSMITH_GITLAB_TOKEN:?}" |
        curl --disable --fail --silent --show-error --location --config - "$@" "$project/$path"
}

# Of the list on standard input, the first that we wrote: anybody can write the marker.
ours() { # ours FILE id|iid|body
    us=$(printf 'header = "Authorization: Bearer %s"\n' "$TOPICSMITH_GITLAB_TOKEN" |
        curl --disable --fail --silent --show-error --config - "$CI_API_V4_URL/user") || return 1
    us=$(printf '%s' "$us" | jq -r .username)
    jq -r --arg marker "$(head -n 1 "$1")" --arg us "$us" --arg key "$2" '
        [.[] | select(.author.username == $us
            and (.body // .description // "" | split("\n")[0] | rtrimstr("\r")) == $marker)]
        | sort_by(.created_at) | first | .[$key]? // empty'
}

# All pages of a list.
all() { # all PATH?
    page=1 pages=
    while :; do
        items=$(gitlab "$1per_page=100&page=$page") || return 1
        pages=$pages$items
        [ "$(printf '%s' "$items" | jq length)" -eq 100 ] || break
        page=$((page + 1))
    done
    printf '%s' "$pages" | jq -s add
}

summary() { # summary FILE
    cat "$1"
}

post_comment() { # post_comment FILE
    if [ -z "${CI_MERGE_REQUEST_IID:-}" ]; then
        echo "no merge request to comment on" >&2
        return
    fi
    notes=merge_requests/$CI_MERGE_REQUEST_IID/notes
    comments=$(all "$notes?sort=asc&") || return
    id=$(printf '%s' "$comments" | ours "$1" id) || return
    if [ -n "$id" ]; then
        gitlab "$notes/$id" --output /dev/null --request PUT --data-urlencode "body@$1"
    else
        gitlab "$notes" --output /dev/null --request POST --data-urlencode "body@$1"
    fi
}

# Git in the repository that the runner cloned, with the runner's settings. No hook is run.
git_of_runner() {
    git -c "safe.directory=$CI_PROJECT_DIR" -c core.hooksPath=/dev/null -c core.fsmonitor=false \
        -c gc.auto=0 -c maintenance.auto=false --git-dir="$CI_PROJECT_DIR/.git" "$@"
}

# Git in a repository of this job's own, which has no settings: no hooks, filters or merge drivers.
git_of_ours() {
    GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1 git -c gc.auto=0 \
        -c user.name=topicsmith -c user.email=topicsmith@localhost "$@"
}

# Checks out, outside of the job's checkout, the target branch and the merge of the merge request with
# it: the guards and rules are those of the one, the topics those of the other. Objects come from the
# runner's repository; nothing of its checkout is read. What git says is not repeated: it names files.
proposed() {
    request=${CI_MERGE_REQUEST_IID:-} base_branch=${CI_MERGE_REQUEST_TARGET_BRANCH_NAME:-}
    [ -n "$request" ] || return 0
    head=${CI_MERGE_REQUEST_SOURCE_BRANCH_SHA:-}
    head=${head:-$CI_COMMIT_SHA}
    git_of_runner fetch --quiet --no-tags --no-recurse-submodules origin "refs/heads/$base_branch" || return 1
    base=$(git_of_runner rev-parse FETCH_HEAD) || return 1
    git_of_ours init --quiet --bare --template= "$work/git" || return 1
    printf '%s\n' "$CI_PROJECT_DIR/.git/objects" >"$work/git/objects/info/alternates" || return 1
    # These go before any .gitattributes, which could have a merge fail, or come out otherwise.
    mkdir -p "$work/git/info" || return 1
    echo '* !merge !text !eol !ident !filter !working-tree-encoding' >"$work/git/info/attributes" || return 1
    for pair in "trusted:$base" "proposed:$CI_COMMIT_SHA"; do
        if ! git_of_ours --git-dir="$work/git" worktree add --quiet --detach \
            "$work/${pair%%:*}" "${pair#*:}" >/dev/null 2>&1; then
            echo "cannot check out commit ${pair#*:}; is GIT_DEPTH 0?" >&2
            return 1
        fi
    done
    if ! git_of_ours --git-dir="$work/git/worktrees/proposed" --work-tree="$work/proposed" \
        merge --quiet --no-edit "$base" >/dev/null 2>&1; then
        instead plan "Not planned: the merge with the target branch has conflicts."
        return 1
    fi
    TOPICSMITH_CHECKOUT=$work/proposed
    : "${TOPICSMITH_ENVIRONMENTS_DIR:=$work/trusted${TOPICSMITH_DIR:+/$TOPICSMITH_DIR}/environments}"
}

# The plan of the merge request whose merge this is. Which one that is, with its checksum, is in the
# note below which it was reviewed: no merge request can write that, for it is of our own token. Its
# job must have succeeded, in the merge request's own pipeline in this project. That can be trusted
# because the pipeline's file is no part of the repository: see README.md.
reviewed_plan() { # 4 where there is none
    merged=$(gitlab "repository/commits/$CI_COMMIT_SHA/merge_requests") || return 1
    merged=$(printf '%s' "$merged" | jq -c --arg sha "$CI_COMMIT_SHA" --arg branch "$CI_COMMIT_BRANCH" \
        --arg project "$project_id" '[.[] | select(.state == "merged" and .target_branch == $branch
            and (.target_project_id | tostring) == $project
            and ([.merge_commit_sha, .squash_commit_sha, .sha] | index($sha)))]
        | min_by(.iid) // empty') || return 1
    if [ -z "$merged" ]; then
        echo "$CI_COMMIT_SHA is the merge of no merge request" >&2
        return 4
    fi
    request=$(printf '%s' "$merged" | jq -r .iid)
    CI_MERGE_REQUEST_IID=$request
    head=$(printf '%s' "$merged" | jq -r .sha)
    base_branch=$CI_COMMIT_BRANCH

    notes=$(all "merge_requests/$request/notes?sort=asc&") || return 1
    marker plan >"$work/marker"
    note=$(printf '%s' "$notes" | ours "$work/marker" body) || return 1
    printf '%s\n' "$note" | tr -d '\r' | sed -n '2s/^<!-- \({.*}\) -->$/\1/p' >"$approval"
    run=$(jq -r '.run | tostring' "$approval" 2>/dev/null) || run=""
    job=$(jq -r '.job | tostring' "$approval" 2>/dev/null) || job=""
    case $run/$job in
    /* | */ | *[!0-9/]*)
        echo "the note of merge request $request has no plan of $environment that was approved" >&2
        return 4
        ;;
    esac
    theirs=$(gitlab "jobs/$job") || return 1
    pipeline=$(gitlab "pipelines/$run") || return 1
    # A job of a matrix has its values behind its name: topicsmith-plan: [prod]
    flaw=$(printf '%s%s' "$theirs" "$pipeline" | jq -r -s --arg name "$PLAN_JOB" --arg environment "$environment" \
        --arg run "$run" --arg project "$project_id" --arg request "$request" --arg head "$head" '
        .[0] as $job | .[1] as $pipeline
        | if $job.status != "success" then "it did not succeed"
        elif $job.name != $name and $job.name != "\($name): [\($environment)]" then "it is another job"
        elif ($job.pipeline.id | tostring) != $run or ($pipeline.project_id | tostring) != $project
            then "it is of another pipeline or project"
        elif $pipeline.source != "merge_request_event"
            or ($pipeline.ref | test("^refs/merge-requests/\($request)/(head|merge|train)$") | not)
            or (($pipeline.ref | endswith("/head")) and $pipeline.sha != $head)
            then "its pipeline is not of the merge request"
        else "" end') || return 1
    if [ -n "$flaw" ]; then
        echo "job $job has a plan that approves nothing: $flaw" >&2
        return 4
    fi
    gitlab "jobs/$job/artifacts/topicsmith-ci/plan.json" --output "$plan" || return 1
    approved "$run" "$job" || return 4
}

# The number of the open issue with this file's marker.
issue_of() { # issue_of FILE
    issues=$(all "issues?state=opened&") || return
    printf '%s' "$issues" | ours "$1" iid
}

open_issue() { # open_issue FILE
    number=$(issue_of "$1") || return
    if [ -n "$number" ]; then
        gitlab "issues/$number" --output /dev/null --request PUT --data-urlencode "description@$1"
    else
        title=$(sed -n '1s/^<!-- \(.*\) -->$/\1/p' "$1")
        gitlab issues --output /dev/null --request POST \
            --data-urlencode "title=$title" --data-urlencode "description@$1"
    fi
}

close_issue() { # close_issue FILE
    number=$(issue_of "$1") || return
    [ -n "$number" ] || return 0
    gitlab "issues/$number/notes" --output /dev/null --request POST --data-urlencode "body@$1"
    gitlab "issues/$number" --output /dev/null --request PUT --data-urlencode "state_event=close"
}
