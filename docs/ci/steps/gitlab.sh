# The parts of run.sh that speak to GitLab, by `curl` and `jq`.
#
#   TOPICSMITH_GITLAB_TOKEN   a project access token with the scope api, masked. For plans it must be
#                             readable on merge requests; for apply and drift keep it protected
#   PLAN_JOB                  the job whose plans are trusted; topicsmith-plan
# shellcheck shell=sh

: "${PLAN_JOB:=topicsmith-plan}"
project="${CI_API_V4_URL:?run.sh runs on GitHub or GitLab}/projects/$CI_PROJECT_ID"

# The token goes by standard input: arguments can be seen by others on the machine.
gitlab() { # gitlab PATH [ARGUMENTS OF curl]
    path=$1
    shift
    printf 'header = "PRIVATE-TOKEN: %s"\n' "${TOPICSMITH_GITLAB_TOKEN:?}" |
        curl --fail --silent --show-error --location --config - "$@" "$project/$path"
}

# Of the list on standard input, the first that we wrote: anybody can write the marker.
ours() { # ours FILE id|iid
    us=$(printf 'header = "PRIVATE-TOKEN: %s"\n' "$TOPICSMITH_GITLAB_TOKEN" |
        curl --fail --silent --show-error --config - "$CI_API_V4_URL/user") || return 1
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

# The plan of the merged merge request's last commit, out of its own pipeline. That can be trusted
# because the pipeline's file is no part of the repository: see README.md.
reviewed_plan() { # reviewed_plan FILE; 4 where there is none
    merged=$(gitlab "repository/commits/$CI_COMMIT_SHA/merge_requests") || return 1
    merged=$(printf '%s' "$merged" | jq -c 'first(.[] | select(.state == "merged")) // empty')
    if [ -z "$merged" ]; then
        echo "$CI_COMMIT_SHA is the merge of no merge request" >&2
        return 4
    fi
    CI_MERGE_REQUEST_IID=$(printf '%s' "$merged" | jq -r .iid)
    head=$(printf '%s' "$merged" | jq -r .sha)
    pipelines=$(gitlab "merge_requests/$CI_MERGE_REQUEST_IID/pipelines") || return 1
    for pipeline in $(printf '%s' "$pipelines" | jq -r --arg sha "$head" \
        'map(select(.sha == $sha and .source == "merge_request_event")) | sort_by(.id) | reverse | .[].id'); do
        jobs=$(gitlab "pipelines/$pipeline/jobs?per_page=100") || return 1
        # A job of a matrix has its values behind its name: topicsmith-plan: [prod]
        job=$(printf '%s' "$jobs" | jq -r --arg job "$PLAN_JOB" --arg environment "$TOPICSMITH_ENV" '
            [.[] | select(.artifacts_file != null
                and (.name == $job or .name == "\($job): [\($environment)]"))] | max_by(.id) | .id // empty')
        if [ -n "$job" ]; then
            gitlab "jobs/$job/artifacts/topicsmith-ci/plan.json" --output "$1" || return 1
            return 0
        fi
    done
    echo "no job $PLAN_JOB has planned commit $head for $TOPICSMITH_ENV" >&2
    return 4
}

# The number of the open issue with this file's marker.
issue_of() { # issue_of FILE
    issues=$(all "issues?state=opened&")
    printf '%s' "$issues" | ours "$1" iid
}

open_issue() { # open_issue FILE
    number=$(issue_of "$1")
    if [ -n "$number" ]; then
        gitlab "issues/$number" --output /dev/null --request PUT --data-urlencode "description@$1"
    else
        title=$(sed -n '1s/^<!-- \(.*\) -->$/\1/p' "$1")
        gitlab issues --output /dev/null --request POST \
            --data-urlencode "title=$title" --data-urlencode "description@$1"
    fi
}

close_issue() { # close_issue FILE
    number=$(issue_of "$1")
    [ -n "$number" ] || return 0
    gitlab "issues/$number/notes" --output /dev/null --request POST --data-urlencode "body@$1"
    gitlab "issues/$number" --output /dev/null --request PUT --data-urlencode "state_event=close"
}
