#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `meson install` runs this at its end: ldconfig(8), where the loader needs it, and what a program needs
# to find what was installed, where the usual line does not do.
#
# usage: after-install.sh LIBRARY_FOLDER [VERSION]
#
# VERSION is that of the shared libraries' names, and is only given where the loader has to look by itself.
set -eu

folder=$1
version=${2:-}

# Meson shows what a script says only if the script fails: who sits at a terminal is told directly.
say() {
    [ -z "${MESON_INSTALL_QUIET:-}" ] || return 0
    printf '%s\n' "$*"
    [ -t 1 ] || (printf '%s\n' "$*" >/dev/tty) 2>/dev/null || true
}

# Those who stage a package have their own ways with ldconfig.
[ -z "${DESTDIR:-}" ] || exit 0

# Not on the PATH of everybody who may become root.
PATH=$PATH:/usr/sbin:/sbin

loader_finds_it() {
    ldconfig -p 2>/dev/null | grep -q "=> $folder/libcmio\.so\.$version\$"
}

# Only glibc keeps a list: other systems look into the folders themselves.
has_loader_list() {
    [ "$(uname -s)" = Linux ] && ldconfig -p >/dev/null 2>&1
}

if [ -n "$version" ] && has_loader_list; then
    if [ "$(id -u)" -eq 0 ]; then
        say "Running ldconfig"
        ldconfig
        loader_finds_it || say "The loader does not look into $folder, so programs will not start." \
            "Set the build up with -Drpath=enabled, or add the folder to /etc/ld.so.conf and run ldconfig."
    else
        loader_finds_it || say "Programs will not start before someone has run, as root: ldconfig"
    fi
fi

# FreeBSD keeps these files elsewhere, and its pkg-config looks there.
[ -e "$folder/pkgconfig/cmio.pc" ] || exit 0
case :$(pkg-config --variable pc_path pkg-config 2>/dev/null): in
::) ;; # no pkg-config, or one that does not tell
*":$folder/pkgconfig:"*) ;;
*)
    say "pkg-config does not look into $folder/pkgconfig by itself. Give it the file:" \
        "pkg-config --cflags --libs $folder/pkgconfig/cmio.pc"
    ;;
esac
