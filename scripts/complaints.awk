# SPDX-License-Identifier: GPL-2.0
#
# Reads a kernel log and prints what the kernel complained of, with the lines
# around it.  Exits with 1 when there was something.
#
# Of the data races that KCSAN reports those are meant in which a function of cring
# has a part; the others are the kernel's own, and are only counted.
#
# A test that makes the kernel complain on purpose announces it by a line
# "cring-test: expect <regular expression>" in the log; it holds until the next
# "cring-test: begin" or "cring-test: end".

BEGIN {
	bad = "WARNING: |BUG: |Oops|general protection fault|Kernel panic" \
	      "|KASAN: |KCSAN: |UBSAN: |KFENCE: |ODEBUG: " \
	      "|possible (circular|recursive) locking|possible irq lock inversion" \
	      "|inconsistent lock state|bad unlock balance|held lock freed" \
	      "|lock held when returning|suspicious RCU usage|[Ii]nvalid wait context" \
	      "|MAX_[A-Z_]* too low|sleeping function called|scheduling while atomic" \
	      "|rcu.*(self-detected stall|detected stalls|detected expedited stalls|kthread starved)" \
	      "|blocked for more than|soft lockup|hard LOCKUP|workqueue lockup" \
	      "|kmemleak: [0-9]+ new suspected|list_(add|del) corruption|refcount_t: " \
	      "|stack guard page|Bad page (state|map)|bad: scheduling from|unreferenced object" \
	      "|double fault|divide error|invalid opcode|unable to handle" \
	      "|Objects remaining in"
	# What a processor without mitigations makes a kernel say at boot.
	fine = "Spectre|RETBleed|MDS CPU bug|Unprivileged eBPF|TAA CPU bug|MMIO Stale Data" \
	       "|WARNING: Support for this kernel|ENERGY_PERF_BIAS"
	context = 0
	found = 0
}

/cring-test: begin /		{ during = $0; sub(/.*cring-test: begin /, "during ", during) }
/cring-test: (begin|end)/	{ expected = 0 }
/cring-test: end /		{ during = "after " substr(during, 8) }
/cring-test: expect / {
	sub(/.*cring-test: expect /, "")
	sub(/\r$/, "")
	want[++expected] = $0
	next
}

{
	line = $0
	sub(/\r$/, "", line)
}

# A report is over at the next line that is drawn.
function race_over()
{
	if (racing && ours) {
		if (shown < 200)
			print "-- " during "\n" race
		shown += 30
		found = 1
	} else if (racing) {
		others++
	}
	racing = 0
}

line ~ /BUG: KCSAN: / {
	race_over()
	race = line
	ours = 0
	racing = 1
	next
}

racing && line ~ /==========/ {
	race_over()
	next
}

racing && line !~ bad {
	race = race "\n" line
	ours = ours || line ~ /\[cring/
	next
}

line ~ bad && line !~ fine {
	excused = 0
	for (i = 1; i <= expected; i++)
		if (line ~ want[i])
			excused = 1
	if (!excused) {
		if (!context)
			print "-- " during
		context = 45
		found = 1
	}
}

context > 0 && shown < 200 {
	print line
	context--
	shown++
}

END {
	race_over()
	if (others)
		print others " data races of the kernel's own"
	exit found
}
