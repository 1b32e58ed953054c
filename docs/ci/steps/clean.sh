# Read first by each step: nothing of a checkout may decide which program is started, or with which
# settings. It uses the shell's own commands alone, for it is what makes the others safe to start.
# shellcheck shell=sh

unset CDPATH ENV BASH_ENV GIT_DIR GIT_WORK_TREE GIT_COMMON_DIR GIT_INDEX_FILE
# What names code to load or programs that git starts. How git reaches its origin (GIT_SSH_COMMAND,
# GIT_ASKPASS) is the runner's to say.
unset LD_PRELOAD LD_AUDIT GIT_EXEC_PATH GIT_TEMPLATE_DIR GIT_EXTERNAL_DIFF GIT_PAGER PAGER

# Whether a folder is named by an absolute path and lies outside of what the job has checked out.
outside() { # outside FOLDER
    case ${1:-} in /*) ;; *) return 1 ;; esac
    there=$(cd "$1" 2>/dev/null && pwd -P) || return 1
    for tree in "${CI_PROJECT_DIR:-}" "${GITHUB_WORKSPACE:-}"; do
        [ -n "$tree" ] || continue
        tree=$(cd "$tree" && pwd -P) || return 1
        case $there/ in "$tree"/*) return 1 ;; esac
    done
}

# The folders of a list like PATH's that lie outside. An empty one is the working folder.
outside_of() { # outside_of LIST
    list=$1: found=""
    while [ -n "$list" ]; do
        entry=${list%%:*} list=${list#*:}
        if outside "$entry"; then
            found=${found:+$found:}$entry
        fi
    done
    printf '%s' "$found"
}

PATH=$(outside_of "${PATH:-}")
PATH=${PATH:-/usr/bin:/bin}
export PATH
if [ -n "${LD_LIBRARY_PATH:-}" ]; then
    LD_LIBRARY_PATH=$(outside_of "$LD_LIBRARY_PATH")
    export LD_LIBRARY_PATH
    [ -n "$LD_LIBRARY_PATH" ] || unset LD_LIBRARY_PATH
fi
case ${GIT_CONFIG_GLOBAL:-} in */*) outside "${GIT_CONFIG_GLOBAL%/*}/" ;; *) false ;; esac || unset GIT_CONFIG_GLOBAL
case ${GIT_CONFIG_SYSTEM:-} in */*) outside "${GIT_CONFIG_SYSTEM%/*}/" ;; *) false ;; esac || unset GIT_CONFIG_SYSTEM
# .curlrc, .gitconfig, .jq, .config/gh, .cargo
outside "${HOME:-}" || unset HOME
outside "${XDG_CONFIG_HOME:-}" || unset XDG_CONFIG_HOME
outside "${CURL_HOME:-}" || unset CURL_HOME
outside "${GH_CONFIG_DIR:-}" || unset GH_CONFIG_DIR
outside "${CARGO_HOME:-}" || unset CARGO_HOME
