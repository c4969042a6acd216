# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Source this file: require_packages installs what scripts/packages lists for the given purposes, or ends
# the script with one message that says what to do.
#
# On Debian and similar systems dpkg knows what is installed, and apt installs the rest, as root or through
# sudo. On other systems, and if neither is allowed, the probe of each line finds out what is missing. If
# nothing is missing, this needs neither root nor the network.
#
# The script that sources this sets `root` to the top of the source tree.
: "${root:?}"

# The fields of the packages for the purposes "$1", one package per line: package need probe name.
packages_for() {
    while read -r purpose package need probe name; do
        case " $1 " in
        *" $purpose "*) printf '%s %s %s %s\n' "$package" "$need" "$probe" "$name" ;;
        esac
    done <"$root/scripts/packages"
}

has_dpkg() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null
}

package_is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Whether the probe "$1" finds something usable, however it came here.
probe_succeeds() {
    case $1 in
    program:*) command -v "${1#program:}" >/dev/null ;;
    library:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#library:}" ;;
    header:*) printf '#include <%s>\n' "${1#header:}" | cc -E - >/dev/null 2>&1 ;;
    *) true ;;
    esac
}

# The packages that dpkg does not have, of those for the purposes "$1" with the need "$2".
missing_packages() {
    packages_for "$1" | while read -r package need probe name; do
        [ "$need" = "$2" ] || continue
        package_is_installed "$package" || printf '%s\n' "$package"
    done | sort -u
}

# The packages that are wanted for the purposes "$1", and that neither dpkg nor a probe finds.
wanted_packages() {
    packages_for "$1" | while read -r package need probe name; do
        [ "$need" = wanted ] || continue
        package_is_installed "$package" && continue
        [ "$probe" != - ] && probe_succeeds "$probe" && continue
        printf '%s\n' "$package"
    done | sort -u
}

# The names of the packages that the probes do not find, for the purposes "$1" with the need "$2".
missing_things() {
    packages_for "$1" | while read -r package need probe name; do
        [ "$need" = "$2" ] || continue
        probe_succeeds "$probe" || printf '%s\n' "$name"
    done | sort -u
}

# Joins lines to one line: "a, b, c".
in_words() {
    printf '%s\n' "$1" | sed '/^$/d' | paste -s -d , - | sed 's/,/, /g'
}

# Runs a command as root. sudo may ask for a password only if there is a person to type it.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

may_be_root() {
    [ "$(id -u)" -eq 0 ] && return
    command -v sudo >/dev/null || return
    [ -t 0 ] || sudo -n true 2>/dev/null
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

# Runs a command whose output matters only if it fails.
quietly() {
    mkdir -p "$root/build"
    "$@" >"$root/build/set-up.log" 2>&1 && return
    quietly_status=$?
    tail -n 20 "$root/build/set-up.log" >&2
    return "$quietly_status"
}

# The packages of the list "$1" that apt could install.
installable() {
    for package in $1; do
        apt-cache show "$package" >/dev/null 2>&1 && printf '%s\n' "$package"
    done
}

# Installs the packages "$1" and, of "$2", those that this release of the system has.
install_packages() {
    printf 'Looking for packages with apt\n'
    quietly apt_get update || return
    install_names=$(printf '%s\n%s' "$1" "$(installable "$2")" | sed '/^$/d')
    [ -n "$install_names" ] || return 0
    printf 'Installing with apt: %s\n' "$(in_words "$install_names")"
    # shellcheck disable=SC2086 # names, to be split
    quietly apt_get install --no-install-recommends $install_names
}

# Names the packages that the scripts go on without.
note_optional() {
    [ -z "$1" ] || printf 'Going on without (optional): %s\n' "$(in_words "$1")"
}

fail_for_want_of() {
    printf '%s: missing: %s\n%s\n' "$0" "$(in_words "$1")" "$2" >&2
    exit 1
}

require_with_apt() {
    missing=$(missing_packages "$1" required)
    if [ -n "$missing" ]; then
        install_packages "$missing" "$(missing_packages "$1" optional)" ||
            fail_for_want_of "$missing" "apt could not install it; see its messages above."
    fi
    note_optional "$(missing_packages "$1" optional)"
    wanted=$(wanted_packages "$1")
    if [ -n "$wanted" ] && may_be_root; then
        install_packages "" "$wanted" || printf 'apt could not install it; see its messages above.\n' >&2
    fi
    note_optional "$(wanted_packages "$1")"
}

require_by_probes() {
    missing=$(missing_things "$1" required)
    [ -z "$missing" ] || fail_for_want_of "$missing" "$2"
    note_optional "$(missing_things "$1" optional)"
    note_optional "$(missing_things "$1" wanted)"
}

# require_packages PURPOSE...
require_packages() {
    if ! has_dpkg; then
        require_by_probes "$*" "Install it with your system's package manager, and try again."
    elif may_be_root || [ -z "$(missing_packages "$*" required)" ]; then
        require_with_apt "$*"
    else
        require_by_probes "$*" "Run it as root, or as a user who may use sudo, or install the packages yourself:
    apt-get install $(missing_packages "$*" required | paste -s -d ' ' -)"
    fi
}
