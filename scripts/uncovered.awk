# SPDX-License-Identifier: GPL-2.0
#
# Compares what was not executed with scripts/uncovered, and prints it function
# by function with its reason.  Exits with 1 when more of a function was not
# executed than there are reasons for.
#
#   awk -f scripts/uncovered.awk scripts/uncovered <report of gcovr --xml-pretty>

# The functions of a file, by the number of their first line.
function read_source(name,	line, nr)
{
	delete at
	nr = 0
	while ((getline line <name) > 0) {
		nr++
		if (line ~ /^[a-z].*\(/ && line !~ /;$/) {
			sub(/\(.*/, "", line)
			sub(/.*[ *]/, "", line)
			at[nr] = line
		}
	}
	close(name)
}

function missed(file, line,	where)
{
	for (where = line; where && !(where in at); where--)
		;
	where = file ":" (where ? at[where] : "")
	if (!(where in lines))
		order[++functions] = where
	lines[where] = lines[where] " " line
	count[where]++
}

FILENAME == ARGV[1] {
	if (/^#/ || NF == 0)
		next
	allowed[$1] = $2
	why = $0
	sub(/^[^ \t]+[ \t]+[0-9]+[ \t]+/, "", why)
	reason[$1] = why
	next
}

/<class / {
	file = $0
	sub(/.*filename="/, "", file)
	sub(/".*/, "", file)
	read_source(file)
	inside = 0
}
/<\/methods>|<methods\/>/	{ inside = 1 }
/<\/class>/			{ inside = 0 }

inside && / hits="0"/ {
	line = $0
	sub(/.*number="/, "", line)
	sub(/".*/, "", line)
	missed(file, line + 0)
}

END {
	for (i = 1; i <= functions; i++) {
		f = order[i]
		if (count[f] > allowed[f] + 0) {
			bad = 1
			printf "%-44s %3d  NO REASON: lines%s\n", f, count[f], lines[f]
		} else {
			printf "%-44s %3d  %s\n", f, count[f], reason[f]
		}
	}
	exit bad
}
