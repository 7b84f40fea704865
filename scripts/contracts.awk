# SPDX-License-Identifier: GPL-2.0
#
# One table of scripts/contracts: number, promise, pass or fail.  Reads the
# source of a contract, which numbers its promises in the comment at its head,
# and then what its tests have printed.
#
#   awk -v counts=FILE -f contracts.awk SOURCE RESULTS...
#
# The last line of FILE gets passed, failed and skipped promises.

function named(n)
{
	if (n && !(n in text)) {
		order[++nr] = n
		text[n] = "(not in the list of promises)"
	}
}

FNR == 1 { file++; detail = "" }

# The comment at the head: " *  1. text", and lines of it that go on.
file == 1 && /^ \*\// { heard = 1 }
file == 1 && !heard && /^ \* +[0-9]+[.]? +[A-Z]/ {
	line = $0
	sub(/^ \* +/, "", line)
	n = line + 0
	sub(/^[0-9]+[.]? +/, "", line)
	order[++nr] = n
	text[n] = line
	next
}
file == 1 && !heard && n && /^ \* +[^ ]/ {
	line = $0
	sub(/^ \* +/, "", line)
	text[n] = text[n] " " line
	next
}
file == 1 && !heard { n = 0 }
file == 1 && !heard && !nr && /^ \* [^ ]/ { title = title " " substr($0, 4) }
file == 1 { next }

{ sub(/\r$/, "") }

# What the reference did itself, and figures: "# p03: text".
/^# p[0-9]+: / {
	current = substr($2, 2) + 0
	line = $0
	sub(/^# p[0-9]+: /, "", line)
	if (!said[current, line]++)
		notes[current] = notes[current] "\n" line
	next
}

# What a test says of itself, which matters if it fails.
/^# [^ :]+:[0-9]+:/ { detail = detail "\n  " $0 }

/^(not )?ok .*[.]p[0-9]+_/ {
	line = $0
	sub(/^.*[.]p/, "", line)
	current = line + 0
	named(current)
	if (/^not ok/)
		fails[current] = fails[current] "\n" $0 detail
	else if (/# SKIP/)
		skips[current]++
	else
		oks[current]++
}
/^(not )?ok / { detail = "" }

function wrap(s, first, rest, width, last,	words, k, i, line)
{
	k = split(s, words, " ")
	line = first
	for (i = 1; i <= k; i++) {
		if (length(line) + length(words[i]) > width && i > 1) {
			sub(/ +$/, "", line)
			printf "%s\n", line
			line = rest
		}
		line = line words[i] " "
	}
	sub(/ +$/, "", line)
	printf last ? "%-" (width + 2) "s%s\n" : "%-s%s\n", line, last
}

END {
	wrap(title, "", "", 84, "")
	print ""
	for (i = 1; i <= nr; i++) {
		n = order[i]
		if (n in fails)
			verdict = "FAIL"
		else if (n in skips)
			verdict = "skip"
		else if (n in oks)
			verdict = "pass"
		else
			verdict = "FAIL"
		wrap(text[n], sprintf("%4d  ", n), "      ", 84, verdict)
		if (verdict == "FAIL" && !(n in fails))
			print "        no test of it has ended"
		k = split(substr(fails[n], 2), lines, "\n")
		for (j = 1; j <= k; j++)
			print "        " lines[j]
		k = split(substr(notes[n], 2), lines, "\n")
		for (j = 1; j <= k; j++)
			wrap(lines[j], "        ", "          ", 84, "")
		sum[verdict]++
	}
	print ""
	print sum["pass"] + 0, sum["FAIL"] + 0, sum["skip"] + 0 >counts
}
