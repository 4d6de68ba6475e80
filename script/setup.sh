# What script/run and script/test share: the virtual environment, and what is made from the sources.
# Read by them with "." in the project's folder.  POSIX sh.

unset PYTHONHOME PYTHONPATH
venv=.venv
py=$venv/bin/python
lock=$venv/lock

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# prepare FILE...: everything is there and up to date; the last FILE is what pip installs, the others are read by it.
# When nothing changed, nothing is written.  Of several at once one works, the others wait for it.
prepare() {
    is_ready "$@" && return
    take_lock
    is_ready "$@" || make_ready "$@"
    give_lock_back
}

is_ready() {
    has_packages "$@" && ! has_old_translations && [ "$(static_now)" = "$(cat "$venv/static" 2>/dev/null)" ]
}

make_ready() {
    has_packages "$@" || install_packages "$@"
    if has_old_translations; then
        "$py" -m babel.messages.frontend -q compile -d locales || die "The translations in locales/ cannot be compiled."
    fi
    [ "$(static_now)" = "$(cat "$venv/static" 2>/dev/null)" ] || compress_static
}

# ---------------------------------------------------------------- packages

last_of() { for file; do :; done; printf '%s' "$file"; }

has_packages() {
    [ -x "$py" ] && [ "$(cat "$@" | cksum)" = "$(cat "$venv/$(last_of "$@")" 2>/dev/null)" ]
}

install_packages() {
    make_venv
    say "Installing the packages. This takes a minute or two, once."
    "$py" -m pip install --quiet --disable-pip-version-check --no-input -r "$(last_of "$@")" ||
        die "The packages could not be installed; the lines above say why. Is this machine connected to the internet?"
    cat "$@" | cksum >"$venv/$(last_of "$@")"
}

make_venv() {
    if [ -x "$py" ] && "$py" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        return
    fi
    python=$(find_python) || exit 1
    rm -rf "$venv"/bin "$venv"/lib "$venv"/lib64 "$venv"/include "$venv"/pyvenv.cfg "$venv"/requirements*
    "$python" -m venv "$venv" || die "No virtual environment can be made in $PWD/$venv; the lines above say why."
}

find_python() {
    found=
    for name in python3.13 python3.12 python3.11 python3; do
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
        found=$name
        if "$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    [ -z "$found" ] || die "Python's venv module is missing: run  apt install python3-venv  and try again."
    die "Python 3.11 or newer is missing: run  apt install python3 python3-venv  and try again."
}

# ---------------------------------------------------------------- what is made from the sources

has_old_translations() {
    for po in locales/*/LC_MESSAGES/*.po; do
        [ -f "$po" ] || continue
        [ -f "${po%.po}.mo" ] && [ -z "$(find "$po" -newer "${po%.po}.mo")" ] || return 0
    done
    return 1
}

# A fingerprint of the static files' contents and of the names of what was compressed.
static_now() {
    {
        find static -type f ! -name '*.gz' ! -name '*.br' -exec cksum {} +
        find static -type f \( -name '*.gz' -o -name '*.br' \)
    } | LC_ALL=C sort | cksum
}

compress_static() {
    find static -type f \( -name '*.gz' -o -name '*.br' \) -exec rm -f {} +
    "$py" -m whitenoise.compress -q static || die "The static files cannot be compressed."
    static_now >"$venv/static"
}

# ---------------------------------------------------------------- one at a time

take_lock() {
    mkdir -p "$venv" 2>/dev/null || true
    [ -w "$venv" ] || die "$PWD must be writable for whoever starts this the first time and after an update."
    waited=0
    until mkdir "$lock" 2>/dev/null; do
        [ "$waited" -ne 2 ] || say "Waiting for another script/run or script/test that is installing."
        [ "$waited" -lt 900 ] || die "Another one has been installing for long. If there is none, remove $PWD/$lock."
        is_held || break_lock
        sleep 1
        waited=$((waited + 1))
    done
    trap give_lock_back EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    echo $$ >"$lock/pid"
}

give_lock_back() {
    rm -rf "$lock"
    trap - EXIT HUP INT TERM
}

# True while the one who took the lock lives; who has not yet written their number gets ten seconds.
is_held() {
    owner=$(cat "$lock/pid" 2>/dev/null) || owner=
    if [ -z "$owner" ]; then
        [ "$waited" -lt 10 ]
    else
        kill -0 "$owner" 2>/dev/null || [ -d "/proc/$owner" ]
    fi
}

# The one who took the lock was killed.  Only one at a time may take it away, and looks again before.
break_lock() {
    mkdir "$lock.broken" 2>/dev/null || return 0
    is_held || rm -rf "$lock"
    rmdir "$lock.broken"
}
