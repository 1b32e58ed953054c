# The parts of run.sh that speak to GitHub, by `gh` and `jq`, which its runners have.
#
#   GH_TOKEN            the job's token: pull-requests: write for comments, issues: write for drift,
#                       actions: read for the reviewed plan
#   PULL_REQUEST        the pull request's number, for a plan
#   PLAN_WORKFLOW       the workflow whose plans are trusted; .github/workflows/topicsmith-plan.yml
#   COMMENT_AUTHOR      whose comments and issues are ours; github-actions[bot]
# shellcheck shell=sh

: "${COMMENT_AUTHOR:=github-actions[bot]}"
: "${PLAN_WORKFLOW:=.github/workflows/topicsmith-plan.yml}"
repository="repos/${GITHUB_REPOSITORY:?run.sh runs on GitHub or GitLab}"

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

# The plan of the merged pull request's last commit, out of a run of the trusted workflow alone: an
# artefact that a pull request's own workflow made approves nothing.
reviewed_plan() { # reviewed_plan FILE; 4 where there is none
    pulls=$(gh api "$repository/commits/$GITHUB_SHA/pulls") || return 1
    pull=$(printf '%s' "$pulls" | jq -c --arg sha "$GITHUB_SHA" \
        'first(.[] | select(.merged_at != null and .merge_commit_sha == $sha)) // empty')
    if [ -z "$pull" ]; then
        echo "$GITHUB_SHA is the merge of no pull request" >&2
        return 4
    fi
    PULL_REQUEST=$(printf '%s' "$pull" | jq -r .number)
    head=$(printf '%s' "$pull" | jq -r .head.sha)
    name=topicsmith-plan-$TOPICSMITH_ENV-$head
    artifacts=$(gh api "$repository/actions/artifacts?name=$name&per_page=100") || return 1
    for pair in $(printf '%s' "$artifacts" | jq -r --arg name "$name" \
        '.artifacts | map(select(.name == $name and (.expired | not))) | sort_by(.created_at) | reverse
            | .[] | "\(.id):\(.workflow_run.id)"'); do
        run=$(gh api "$repository/actions/runs/${pair#*:}") || return 1
        trusted=$(printf '%s' "$run" | jq -r --arg path "$PLAN_WORKFLOW" \
            '.event == "pull_request_target" and (.path | split("@")[0]) == $path')
        if [ "$trusted" = true ]; then
            gh api "$repository/actions/artifacts/${pair%%:*}/zip" >"$1.zip" || return 1
            unzip -p "$1.zip" plan.json >"$1" || return 1
            rm -f "$1.zip"
            return 0
        fi
        echo "an artefact $name of another workflow is passed over" >&2
    done
    echo "no run of $PLAN_WORKFLOW has planned commit $head for $TOPICSMITH_ENV" >&2
    return 4
}

# The number of the open issue with this file's marker.
issue_of() { # issue_of FILE
    issues=$(gh api --paginate "$repository/issues?state=open&per_page=100")
    printf '%s' "$issues" | ours "$1" number
}

open_issue() { # open_issue FILE
    number=$(issue_of "$1")
    if [ -n "$number" ]; then
        gh api --silent --method PATCH "$repository/issues/$number" -F "body=@$1"
    else
        title=$(sed -n '1s/^<!-- \(.*\) -->$/\1/p' "$1")
        gh api --silent --method POST "$repository/issues" -f "title=$title" -F "body=@$1"
    fi
}

close_issue() { # close_issue FILE
    number=$(issue_of "$1")
    [ -n "$number" ] || return 0
    gh api --silent --method POST "$repository/issues/$number/comments" -F "body=@$1"
    gh api --silent --method PATCH "$repository/issues/$number" -f state=closed -f state_reason=completed
}
