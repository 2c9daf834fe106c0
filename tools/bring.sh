# shellcheck shell=bash
# What the scripts beside this file share: programs of others, brought to a folder under .tools/
# without root. A script names PLACE (the folder), PROGRAMS, SKIPPED (what is skipped without them)
# and SUITE (a release of the distribution; empty for the machine's own), and has two functions:
# `works FOLDER`, and `download`, which leaves the programs in $WORK/bin.

bring() {
    if works "$PLACE"; then
        return
    fi
    if ! { mkdir -p "$(dirname "$PLACE")" && WORK=$(mktemp -d "$PWD/.tools/fetching.XXXXXX"); }; then
        skip "it cannot be written"
    fi
    trap 'rm -rf "$WORK"' EXIT
    mkdir "$WORK/bin"
    if [[ ${1-} == --or-from-path ]] && link_from_path && works "$WORK/bin"; then
        settle
        return
    fi
    rm -f "$WORK/bin"/*
    download
    works "$WORK/bin" || skip "the programs that were found do not run here"
    settle
}

# Into place in one step; another run may have been faster, which is as good.
settle() {
    works "$PLACE" || rm -rf "$PLACE"
    mv -T "$WORK/bin" "$PLACE" 2>/dev/null || works "$PLACE"
    echo "$PLACE: $(version "$PLACE")"
}

skip() {
    echo "${PLACE}: $1; $SKIPPED will be skipped" >&2
    exit 0
}

need() {
    local tool
    for tool; do
        command -v "$tool" >/dev/null || skip "there is no $tool here"
    done
}

link_from_path() {
    local program
    for program in "${PROGRAMS[@]}"; do
        command -v "$program" >/dev/null || return 1
        ln -s "$(command -v "$program")" "$WORK/bin/$program"
    done
}

# Unpack packages of the distribution to $WORK/root; they are not installed.
unpack() {
    need apt-get dpkg
    mkdir -p "$WORK"/{lists,cache/archives}/partial "$WORK/parts" "$WORK/root"
    : >"$WORK/status"
    apt_settings >"$WORK/apt.conf"
    (cd "$WORK" && apt update && unpack_each "$@") >"$WORK/log" 2>&1 ||
        skip "the package cannot be had: $(reason)"
}

unpack_each() {
    local package
    for package; do
        apt download "$package" && dpkg -x "$package"_*.deb root || return
    done
}

apt() {
    timeout 180 apt-get -q -c "$WORK/apt.conf" "$@"
}

# The machine's own sources, proxies and keys; folders of ours; nothing that is installed, since apt
# prefers that; none of the hooks that notify other programs of a changed system. As root apt
# would fetch as a user who can't write here.
apt_settings() {
    cat <<END
Dir::State::lists "$WORK/lists";
Dir::State::status "$WORK/status";
Dir::Cache "$WORK/cache";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
    if [[ -n $SUITE ]]; then
        other_suite
        echo "Dir::Etc::sourcelist \"/dev/null\"; Dir::Etc::sourceparts \"$WORK/parts\";"
    fi
}

# The machine's source for its own release, in either form, with the name of the other release.
other_suite() {
    local release
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    shopt -s nullglob
    local described=(/etc/apt/sources.list.d/*.sources) listed=(/etc/apt/sources.list{,.d/*.list})
    awk -v RS= -v release="$release" -v suite="$SUITE" '
        $0 ~ "(^|\n)Suites:[^\n]*[ \t]" release "([ \t\n]|$)" {
            sub(/(^|\n)Suites:[^\n]*/, "\nSuites: " suite); print; exit
        }' "${described[@]}" /dev/null >"$WORK/parts/other.sources"
    if [[ ! -s $WORK/parts/other.sources ]]; then
        awk -v release="$release" -v suite="$SUITE" '
            $1 == "deb" {
                for (i = 2; i <= NF; i++) if ($i == release) { $i = suite; print; exit }
            }' "${listed[@]}" /dev/null 2>/dev/null >"$WORK/parts/other.list"
    fi
}

reason() {
    grep -m 1 'Failed to fetch' "$WORK/log" || grep -m 1 '^E: ' "$WORK/log" || tail -n 1 "$WORK/log"
}
