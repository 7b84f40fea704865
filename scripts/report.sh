# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# Counting and telling, for scripts whose last line is "N passed, N failed,
# N skipped"; sourced, never run.
#
# scripts/check gives its parts a file, CRING_REPORT, for what did not pass, so
# that it can tell of all of it at its own end.

passed=0 failed=0 skipped=0
failures=()	# what failed, a line each
notes=()	# what else is to be said at the end, a line each
skips=()	# why something was skipped, a line each
declare -A fewest=() most=()	# rounds of a race, a kernel

row()	# stage kernel passed failed skipped seconds
{
	printf '%-28s %-12s %7s %7s %8s %8s\n' "$@"
}

heading()
{
	row stage kernel passed failed skipped seconds
	row ----- ------ ------ ------ ------- -------
}

count()	# passed failed skipped
{
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# A row that counts.
add()	# stage kernel passed failed skipped seconds
{
	row "$@"
	count "$3" "$4" "$5"
}

# How many rounds a race ran.
rounds()	# kernel fewest most
{
	[ -n "${fewest[$1]:-}" ] && [ "${fewest[$1]}" -le "$2" ] || fewest[$1]=$2
	[ -n "${most[$1]:-}" ] && [ "${most[$1]}" -ge "$3" ] || most[$1]=$3
}

failure()	# stage kernel text: a row for what failed as one thing
{
	failures+=("$1, $2: $3")
	add "$1" "$2" 0 1 0 -
}

lines()	# prefix line...: the lines, each once, with how often it was there
{
	local prefix=$1

	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | sort | uniq -c | sort -k1,1rn -s |
		sed "s/^ *1 /$prefix/; t; s/^ *\\([0-9]*\\) /$prefix\\1 x /"
}

# The end of a script.  It fails when something failed, or nothing was tested.
report()
{
	local k

	if [ -n "${CRING_REPORT:-}" ]; then
		{
			echo "counts $passed $failed $skipped"
			[ ${#failures[@]} -eq 0 ] || printf 'failure %s\n' "${failures[@]}"
			[ ${#skips[@]} -eq 0 ] || printf 'skip %s\n' "${skips[@]}"
			[ ${#notes[@]} -eq 0 ] || printf 'note %s\n' "${notes[@]}"
			for k in "${!most[@]}"; do echo "rounds $k ${fewest[$k]} ${most[$k]}"; done
		} >"$CRING_REPORT"
	else
		[ ${#most[@]} -eq 0 ] || echo
		for k in $(printf '%s\n' "${!most[@]}" | sort -V); do
			echo "rounds of a race on $k: ${fewest[$k]} to ${most[$k]}"
		done
		[ ${#notes[@]} -eq 0 ] || { echo; printf '%s\n' "${notes[@]}"; }
		[ ${#skips[@]} -eq 0 ] || { printf '\nSkipped:\n'; lines '  ' "${skips[@]}"; }
		[ ${#failures[@]} -eq 0 ] || { printf '\nFailed:\n'; lines '  ' "${failures[@]}"; }
		echo
	fi
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}
