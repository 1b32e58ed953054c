# The parts of run.sh that speak to GitHub, by `gh` and `jq`, which its runners have.
#
#   GH_TOKEN            the job's token: pull-requests: write for comments, issues: write for drift,
#                       actions: read for the reviewed plan
#   PULL_REQUEST        the pull request's number, for a plan; PULL_REQUEST_HEAD its last commit,
#                       PULL_REQUEST_BASE the branch that it is to be merged into
#   PLAN_WORKFLOW       the workflow whose plans are trusted; .github/workflows/topicsmith-plan.yml
#   COMMENT_AUTHOR      whose comments and issues are ours; github-actions[bot]
# shellcheck shell=sh

: "${COMMENT_AUTHOR:=github-actions[bot]}"
: "${PLAN_WORKFLOW:=.github/workflows/topicsmith-plan.yml}"
repository="repos/${GITHUB_REPOSITORY:?run.sh runs on GitHub or GitLab}"
project_id=${GITHUB_REPOSITORY_ID:-} run_id=${GITHUB_RUN_ID:-} job_id=${GITHUB_JOB:-}

# Of what comes on standard input, lists page by page, the first that is ours: anybody can write the
# marker.
ours() { # ours FILE id|number
    jq -r -s --arg marker "$(head -n 1 "$1")" --arg author "$COMMENT_AUTHOR" --arg key "$2" '
        [.[][] | select(.pull_request == null and .user.login == $author
            and (.body // "" | split("\n")[0] | rtrimstr("\r")) == $marker)]
        | sort_by(.created_at) | first | .[$key]? // empty'
}

summary() { # summary FILE
    [ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$1" >>"$GITHUB_STEP_SUMMARY"
}

post_comment() { # post_comment FILE
    if [ -z "${PULL_REQUEST:-}" ]; then
        echo "no pull request to comment on" >&2
        return
    fi
    comments=$(gh api --paginate "$repository/issues/$PULL_REQUEST/comments?per_page=100") || return
    id=$(printf '%s' "$comments" | ours "$1" id) || return
    if [ -n "$id" ]; then
        gh api --silent --method PATCH "$repository/issues/comments/$id" -F "body=@$1"
    else
        gh api --silent --method POST "$repository/issues/$PULL_REQUEST/comments" -F "body=@$1"
    fi
}

# The merge of a pull request with its target branch is what was checked out: its second parent is the
# commit that the plan is of. GitHub knows the parents, and git is not asked.
proposed() {
    request=${PULL_REQUEST:-} head=${PULL_REQUEST_HEAD:-} base_branch=${PULL_REQUEST_BASE:-}
    if [ -z "$head" ]; then
        request=""
        return 0
    fi
    merge=$(head -c 64 "$workspace/${TOPICSMITH_CHECKOUT:-.}/.git/HEAD") || return 1
    case $merge in
    "" | *[!0-9a-f]*)
        echo "the pull request is not checked out by its merge" >&2
        return 1
        ;;
    esac
    parents=$(gh api "$repository/git/commits/$merge") || return 1
    parents=$(printf '%s' "$parents" | jq -r '[.parents[].sha] | join(" ")') || return 1
    base=${parents%% *}
    if [ "$parents" != "$base $head" ]; then
        echo "the pull request has moved on from $head: its next run plans it" >&2
        return 1
    fi
}

# The plan of the pull request whose merge this is: out of a successful run of the trusted workflow in
# this repository, for this pull request, its last commit and its target branch. An artefact that a
# pull request's own workflow made approves nothing. For pull_request_target a run's head_sha is the
# default branch's: so the run writes down itself what it planned, in approval.json.
reviewed_plan() { # 4 where there is none
    pulls=$(gh api "$repository/commits/$GITHUB_SHA/pulls") || return 1
    pull=$(printf '%s' "$pulls" | jq -c --arg sha "$GITHUB_SHA" --arg branch "$GITHUB_REF_NAME" \
        --arg project "$project_id" '[.[] | select(.merged_at != null and .merge_commit_sha == $sha
            and .base.ref == $branch and (.base.repo.id | tostring) == $project)]
        | min_by(.number) // empty') || return 1
    if [ -z "$pull" ]; then
        echo "$GITHUB_SHA is the merge of no pull request" >&2
        return 4
    fi
    request=$(printf '%s' "$pull" | jq -r .number)
    PULL_REQUEST=$request
    head=$(printf '%s' "$pull" | jq -r .head.sha)
    base_branch=$GITHUB_REF_NAME
    name=topicsmith-plan-$environment-$request-$head
    artifacts=$(gh api "$repository/actions/artifacts?name=$name&per_page=100") || return 1
    for pair in $(printf '%s' "$artifacts" | jq -r --arg name "$name" \
        '.artifacts | map(select(.name == $name and (.expired | not))) | sort_by(.created_at) | reverse
            | .[] | "\(.id):\(.workflow_run.id)"'); do
        run=${pair#*:}
        whose=$(gh api "$repository/actions/runs/$run") || return 1
        flaw=$(printf '%s' "$whose" | jq -r --arg path "$PLAN_WORKFLOW" --arg project "$project_id" '
            if (.repository.id | tostring) != $project then "it is of another repository"
            elif .event != "pull_request_target" or (.path | split("@")[0]) != $path then "it is of another workflow"
            elif .conclusion != "success" then "it did not succeed: run its failed jobs again, then this job"
            else "" end') || return 1
        if [ -n "$flaw" ]; then
            echo "run $run has a plan that approves nothing: $flaw" >&2
            continue
        fi
        gh api "$repository/actions/artifacts/${pair%%:*}/zip" >"$work/plan.zip" || return 1
        unzip -p "$work/plan.zip" plan.json >"$plan" || return 1
        unzip -p "$work/plan.zip" approval.json >"$approval" || return 1
        if approved "$run"; then
            return 0
        fi
    done
    echo "no run of $PLAN_WORKFLOW has planned commit $head of pull request $request for $environment" >&2
    return 4
}

# The number of the open issue with this file's marker.
issue_of() { # issue_of FILE
    issues=$(gh api --paginate "$repository/issues?state=open&per_page=100") || return
    printf '%s' "$issues" | ours "$1" number
}

open_issue() { # open_issue FILE
    number=$(issue_of "$1") || return
    if [ -n "$number" ]; then
        gh api --silent --method PATCH "$repository/issues/$number" -F "body=@$1"
    else
        title=$(sed -n '1s/^<!-- \(.*\) -->$/\1/p' "$1")
        gh api --silent --method POST "$repository/issues" -f "title=$title" -F "body=@$1"
    fi
}

close_issue() { # close_issue FILE
    number=$(issue_of "$1") || return
    [ -n "$number" ] || return 0
    gh api --silent --method POST "$repository/issues/$number/comments" -F "body=@$1"
    gh api --silent --method PATCH "$repository/issues/$number" -f state=closed -f state_reason=completed
}
