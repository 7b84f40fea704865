# SPDX-License-Identifier: GPL-2.0
#
# Takes what is excepted out of a tool's findings.
#
#   awk -v tool=NAME -v used=FILE -f lint.awk EXCEPTIONS FINDINGS
#
# FINDINGS has one a line, "path:line: text".  A line of EXCEPTIONS is
#
#   tool :: path :: text :: reason
#
# path and text are regular expressions.  The numbers of the lines that excused
# something are added to the file used.  Exit status: 1 if there was any finding
# at all, excused or not.

BEGIN {
	FS = " :: "
}

FILENAME == ARGV[1] {
	if (NF == 4 && $1 == tool) {
		path[FNR] = $2
		text[FNR] = $3
	}
	next
}

{
	found = 1
	where = $0
	sub(/:.*/, "", where)
	for (i in path) {
		if (where ~ path[i] && $0 ~ text[i]) {
			print i >>used
			next
		}
	}
	print
}

END {
	exit found
}
