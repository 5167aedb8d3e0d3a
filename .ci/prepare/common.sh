# Shared by the scripts beside it; sourced, not run. Every script can be run again at no cost.

set -euo pipefail

# What is prepared stays here, outside the checkout, for the next time.
cache=${DOTS_TEST_CACHE:-$HOME/.cache/dots-tests}
mkdir -p "$cache/bin"

say() { echo "[${0##*/}] $*" >&2; }

give_up() {
    say "$*"
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# apt_install PACKAGE...: those that are not installed yet; one script at a time.
apt_install() {
    local missing=() package
    for package in "$@"; do
        dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null |
            grep -q '^install ok installed$' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    say "installing ${missing[*]}"
    (
        flock 9
        # A list of packages that is an hour old may name versions that are gone.
        if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*_InRelease' -mmin -60 -print -quit)" ]; then
            as_root apt-get update -qq
        fi
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    ) 9>"$cache/apt.lock" </dev/null
}
