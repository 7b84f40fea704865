# SPDX-License-Identifier: GPL-2.0
#
# The table of make fio, from what guest-fio prints: a line a job, a column an
# engine; and what became of the job on a device that hangs.

/^@job / {
	row = $2 " " $3
	if (!(row in seen)) {
		seen[row] = 1
		rows[++nr] = row
	}
	iops[row, $4] = $5
}

/^@hung / {
	ended[$2, $3] = $4 > 0 ? $4 " s" : "never"
	nr_hung++
}

function value(row, engine)
{
	return (row, engine) in iops ? iops[row, engine] : ""
}

function tell(text, what)
{
	printf "%s", text
	for (i = 1; i <= n; i++)
		if ((what, engines[i]) in ended)
			printf " %s: %s%s", engines[i], ended[what, engines[i]], i < n ? "," : "\n"
}

END {
	n = split("cring cring-fixed io_uring io_uring-fixed libaio posixaio", engines, " ")
	printf "%-12s %-18s", "file", "job: operations/s"
	for (i = 1; i <= n; i++)
		printf " %14s", engines[i]
	printf " %14s\n", "cring/io_uring"
	for (r = 1; r <= nr; r++) {
		split(rows[r], part, " ")
		printf "%-12s %-18s", part[1], part[2]
		for (i = 1; i <= n; i++)
			printf " %14s", value(rows[r], engines[i])
		b = value(rows[r], "io_uring")
		a = value(rows[r], "cring")
		printf " %14s\n", (a > 0 && b > 0 ? sprintf("%.2f", a / b) : "")
	}
	if (nr_hung) {
		print ""
		tell("a job of 3 s whose device hangs after 1 s ended after", "timed")
		tell("a job that fails while a device hangs ended after", "fails")
	}
}
