# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016,SC2034
# What the scripts share; sourced, never run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${CRING_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cring}

# Messages go to stderr: stdout belongs to what a script was asked for.
say()	{ printf '%s\n' "${0##*/}: $*" >&2; }
die()	{ say "$@"; exit 1; }
have()	{ command -v "$1" >/dev/null; }

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		die "must be root for: $*"
	fi
}

# Only one script at a time works on a thing in the cache.  The lock goes with
# the calling shell.
lock()	# name
{
	mkdir -p "$cache/lock"
	exec {lock_fd}>"$cache/lock/$1"
	flock -n "$lock_fd" && return
	say "waiting for another run that works on $1"
	flock "$lock_fd"
}

unlock()
{
	exec {lock_fd}>&-
}

# What was compiled once is not compiled again, by any child of the caller, also
# when the tree is checked out somewhere else.  This is for checks, which build
# the same things for many kernels; a kernel itself is built once anyway.
compile_once()
{
	export CCACHE_DIR=$cache/ccache CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1 \
		CCACHE_MAXSIZE=1G
	[ ! -d /usr/lib/ccache ] || export PATH=/usr/lib/ccache:$PATH
}

# The programs of userspace/tests, without what their files' names end in.
test_programs()
{
	local t

	for t in "$top"/userspace/tests/{,compat32/,contracts/*/}*.{c,cpp}; do
		[ -e "$t" ] || continue
		t=${t#"$top/userspace/tests/"}
		echo "${t%.*}"
	done
}

# Options of scripts/vm that put nbdkit into the machine, where the programs of
# userspace/tests/nbdkit.h look for it.
nbdkit_files()	# sets nbdkit
{
	local plugin

	plugin=$(dpkg -L nbdkit | grep '/nbdkit-memory-plugin\.so$')
	nbdkit=(--file "$(command -v nbdkit)" --file "$plugin")
}

# ---------------------------------------------------------------------------
# Packages

installed()	# package
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

candidate()	# package [apt options]: the version that apt would take
{
	local p=$1
	shift
	apt-cache "$@" policy "$p" 2>/dev/null |
		sed -n 's/^  Candidate: //p' | sed '/^(none)$/d'
}

# apt's lists of packages are refreshed at most once a run, and only when
# something is missing.
apt_update()
{
	[ -z "${apt_updated:-}" ] || return 0
	apt_updated=1
	as_root apt-get -qq update >&2 || say "apt-get update failed; going on"
}

apt_install()	# package...: installs what is missing, and says what
{
	local p missing=()

	for p; do
		installed "$p" || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	have apt-get || die "needs these packages, and there is no apt: ${missing[*]}"
	for p in "${missing[@]}"; do
		[ -n "$(candidate "$p")" ] || { apt_update; break; }
	done
	say "installing ${missing[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		--no-install-recommends -o Dpkg::Use-Pty=0 \
		install "${missing[@]}" </dev/null >"$cache/apt.log" 2>&1 && return
	# Lists that are too old name files that are gone.
	apt_update
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		--no-install-recommends -o Dpkg::Use-Pty=0 \
		install "${missing[@]}" </dev/null >"$cache/apt.log" 2>&1 ||
		{ tail -n 20 "$cache/apt.log" >&2; die "apt-get install failed"; }
}

# Options that make apt look into another suite of the distribution this
# machine already uses: the mirror is the one of its own sources, the lists are
# kept in the cache, and the machine's own apt never sees them.
mirror_options()	# deb|deb-src suite directory: sets suite_opts
{
	local kind=$1 suite=$2 dir=$3 uri=

	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/parts"
	# With deb822 sources apt reports the sites in use, whatever the format.
	uri=$(apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		awk '$2 !~ /security/ { print $1; exit }')
	[ -n "$uri" ] || die "apt has no source to derive the mirror of $suite from"
	printf '%s [signed-by=%s] %s %s main\n' "$kind" \
		/usr/share/keyrings/debian-archive-keyring.gpg "$uri" "$suite" \
		>"$dir/sources.list"
	suite_opts=(
		-o "Dir::Etc::sourcelist=$dir/sources.list"
		-o "Dir::Etc::sourceparts=$dir/parts"
		-o "Dir::State::lists=$dir/lists"
		-o "Dir::Cache=$dir"
		-o "Dir::Cache::archives=$dir/archives"
		-o "APT::Sandbox::User=root"
	)
}

suite_options()	# suite: sets suite_opts, and has its lists
{
	local suite=$1 dir=$cache/apt/$1

	mirror_options deb "$suite" "$dir"
	if ! find "$dir/lists" -name '*Packages*' -mmin -720 | grep -q .; then
		as_root apt-get "${suite_opts[@]}" -qq update >&2 ||
			die "suite $suite cannot be read"
	fi
}

codename() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

backports()	# sets suite_opts
{
	suite_options "$(codename)-backports"
}

# Sets suite_opts to what apt needs to see a package: nothing when the machine's
# own sources have it, else the options for its backports, or for a later suite.
# Packages of those are unpacked somewhere, never installed.
find_package()	# package
{
	local suite

	suite_opts=()
	[ -z "$(candidate "$1")" ] || return 0
	apt_update
	[ -z "$(candidate "$1")" ] || return 0
	for suite in "$(codename)-backports" trixie-backports trixie; do
		suite_options "$suite"
		[ -z "$(candidate "$1" "${suite_opts[@]}")" ] || return 0
	done
	die "no package $1, neither here nor in backports or a later suite"
}

# Unpacks a package without installing it.  Sets unpacked_version.
unpack_package()	# package directory [suite]
{
	local pkg=$1 dir=$2 tmp

	if [ -n "${3:-}" ]; then
		suite_options "$3"
	else
		find_package "$pkg"
	fi
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	say "downloading $pkg"
	if ! (cd "$tmp" && apt-get -qq "${suite_opts[@]}" -o APT::Sandbox::User=root \
	      download "$pkg" >"$cache/apt.log" 2>&1); then
		apt_update
		(cd "$tmp" && apt-get -qq "${suite_opts[@]}" -o APT::Sandbox::User=root \
			download "$pkg" >"$cache/apt.log" 2>&1) ||
			{ cat "$cache/apt.log" >&2; rm -rf "$tmp"; die "download of $pkg failed"; }
	fi
	mkdir -p "$dir"
	unpacked_version=$(dpkg-deb -f "$tmp"/*.deb Version)
	dpkg-deb -x "$tmp"/*.deb "$dir" || { rm -rf "$tmp"; die "$pkg cannot be unpacked"; }
	rm -rf "$tmp"
}

# Unpacks the source of a package, as its authors released it, from a suite of the
# mirror that this machine's own sources name; what is there already is left alone.
source_package()	# package suite directory [version]
{
	local pkg=$1 suite=$2 to=$3 work

	[ ! -d "$to" ] || return 0
	lock "source-$pkg"
	[ ! -d "$to" ] || { unlock; return 0; }
	mirror_options deb-src "$suite" "$cache/apt/source-$suite"
	say "downloading the source of $pkg"
	as_root apt-get "${suite_opts[@]}" -qq update >&2 || die "the list of sources cannot be read"
	work=$(mktemp -d "$cache/tmp.XXXXXX")
	# shellcheck disable=SC2086 # any version is a pattern
	if ! (cd "$work" && apt-get "${suite_opts[@]}" -qq --download-only source "$pkg" &&
	      mkdir tree && tar -C tree --strip-components=1 -xf ./*_${4:-*}.orig.tar.?z) \
		>"$cache/apt.log" 2>&1; then
		cat "$cache/apt.log" >&2
		rm -rf "$work"
		die "$suite does not give the source of $pkg ${4:-}"
	fi
	mv "$work/tree" "$to"
	rm -rf "$work"
	unlock
}

mkdir -p "$cache"
