# SPDX-License-Identifier: GPL-2.0
#
# cring: rings for block and file I/O whose operations can be cancelled.
#
# "make help" lists what can be made.

MAKEFLAGS += --no-print-directory

top := $(CURDIR)
running := $(shell uname -r)

# Which kernel?  KERNEL=6.1, 6.12, 7.3, debug-6.12 is fetched (or built) when
# it is not there; KDIR=<folder> is any headers or built kernel tree; neither is
# the running kernel.
ifdef KERNEL
  KDIR := $(shell scripts/kernel --kdir $(KERNEL))
  ifeq ($(KDIR),)
    $(error no kernel $(KERNEL))
  endif
endif
KDIR ?= /lib/modules/$(running)/build

release := $(shell sed -n 's/.*UTS_RELEASE "\(.*\)".*/\1/p' \
	     $(KDIR)/include/generated/utsrelease.h 2>/dev/null)

# One folder a kernel, so that builds for two of them do not meet; and others with
# the KUnit suites in the module, or with counters of what is executed.
out := build/$(release)$(if $(CRING_KUNIT),-kunit)$(if $(CRING_GCOV),-gcov)

# Objects go to M=, sources come from src=; kernels from 6.13 on have MO= for it.
ifneq ($(shell grep -ls KBUILD_EXTMOD_OUTPUT $(KDIR)/Makefile $(KDIR)/source/Makefile),)
  kbuild = $(MAKE) -C $(KDIR) M=$(top)$(1) MO=$(top)/$(out)$(1)
else
  kbuild = $(MAKE) -C $(KDIR) M=$(top)/$(out)$(1) src=$(top)$(1)
endif

all: module user

help:
	@echo 'make              cring.ko for the running kernel, and the programs'
	@echo 'make module       cring.ko; KERNEL=6.1, 6.12, 7.3, debug-6.12, or KDIR=<headers>,'
	@echo '                  for another kernel than the running one (into build/<release>/)'
	@echo 'make user         the programs (into build/userspace/)'
	@echo 'make samples      modules that use the kernel API; KERNEL= or KDIR= as above'
	@echo 'make tests        the test programs (into build/userspace/tests/)'
	@echo 'make install      the module, for the kernel it was built for'
	@echo 'make demo         real files and a tour of cancelling, in a virtual machine'
	@echo 'make check        everything: lint, KUnit, and every test program on stock 6.1,'
	@echo '                  stock 6.12, 7.3 and debug-6.12, in virtual machines'
	@echo '                  KERNEL=6.12: the programs on that kernel; TESTS="a b": these'
	@echo 'make contracts    what io_uring, IoRing, CancelIoEx, io_cancel, FltCancelIo and'
	@echo '                  aio_cancel promise, and whether cring keeps it: a table each'
	@echo 'make libaio       libaio'\''s own cases, from its source package, on compat/libaio.h'
	@echo 'make peers        liburing'\''s own tests, from its source packages, on'
	@echo '                  compat/liburing.h, on stock 6.1 and 6.12; KERNEL=6.1, OF=2.3,'
	@echo '                  TESTS="a b": only these; the table is build/peers.tsv;'
	@echo '                  LONG=1: and 100,000 scripts of make differential on each'
	@echo 'make differential the same random scripts on io_uring and on cring; SCRIPTS=n'
	@echo '                  (2000), SEED=n replays one'
	@echo 'make fio          fio'\''s jobs with cring beside io_uring, libaio and posixaio: a'
	@echo '                  table; and jobs whose device hangs.  QUICK=1: fewer of them;'
	@echo '                  PLACES="virtio hung": what the files are on; OF=3.41'
	@echo 'make mpd          the Music Player Daemon, as it is, on compat/liburing.h: it plays'
	@echo 'make check-fast   every test program, on stock 6.1, with fewer rounds'
	@echo 'make kunit        the KUnit suites, on debug-6.12; KERNEL=7.3, KSRC=<tree>'
	@echo 'make coverage     what the suites and programs execute of the module'
	@echo 'make bench        instructions an operation, beside io_uring, libaio, POSIX AIO and'
	@echo '                  system calls, on stock 6.1; KERNEL=6.12; KEEP=1: with pictures'
	@echo '                  for the documentation'
	@echo 'make bench-quick  the same with less of all; CASE="nop": only cases with that name;'
	@echo '                  PROFILE="nop, batch 1" SIDE=cring: where its instructions go'
	@echo 'make bench-detach a cancel while storage hangs: instructions, and microseconds'
	@echo 'make model        the models of claim, cancel, wait and seal, exhaustively, and what'
	@echo '                  they must not let pass; FAST=1: small ones, without that'
	@echo 'make stress       random operations and cancels, each result held against what may'
	@echo '                  come of it; SECONDS=600, KERNEL=6.12, SEED=1, REPLAY=file;'
	@echo '                  TORTURE="cpu memory": beside a processor that comes and'
	@echo '                  goes, and swapping'
	@echo 'make fuzz         a fuzzer that learns what reaches new code of the module (KCOV);'
	@echo '                  SECONDS=600, REPLAY=file'
	@echo 'make shell        a prompt in a virtual machine with the module loaded'
	@echo 'make lint         what a reviewer runs: checkpatch, sparse, clang-tidy, ...'
	@echo '                  STAGES="a b": only these, by the first column'
	@echo 'make clean        remove what was built (not what was downloaded)'
	@echo
	@echo 'V=1 shows the commands.  Kernels are kept in ~/.cache/cring.'

module: headers
	@mkdir -p $(out)
	+@flock $(out)/.lock $(call kbuild,) modules
	@$(if $(filter build/$(running),$(out)), \
	   cmp -s $(out)/cring.ko cring.ko || cp $(out)/cring.ko cring.ko; echo cring.ko, \
	   echo $(out)/cring.ko)

# Modules that use cring's kernel API.
samples: module
	@mkdir -p $(out)/samples
	+@flock $(out)/.lock $(call kbuild,/samples) modules \
		KBUILD_EXTRA_SYMBOLS=$(top)/$(out)/Module.symvers
	@echo $(out)/samples/*.ko

headers:
	@if [ -z '$(release)' ]; then \
		echo 'No kernel headers in $(KDIR).'; \
		echo 'Debian and Ubuntu: apt install linux-headers-$(running)'; \
		echo 'Fedora: dnf install kernel-devel-$(running)   Arch: pacman -S linux-headers'; \
		echo 'Another kernel: make KDIR=<its headers or built tree>, or make KERNEL=6.1'; \
		exit 1; \
	fi >&2

install: module
	install -D -m 644 $(out)/cring.ko $(DESTDIR)/lib/modules/$(release)/updates/cring.ko
	[ -n '$(DESTDIR)' ] || depmod $(release)

user:
	+@$(MAKE) -C userspace examples

tests:
	+@$(MAKE) -C userspace tests KSELFTEST=$$(scripts/kselftest)

demo:
	@scripts/demo

check:
	@scripts/check $(KERNEL) -- $(TESTS)

check-fast:
	@scripts/check --fast $(KERNEL) -- $(TESTS)

contracts:
	@scripts/contracts $(KERNEL) -- $(TESTS)

libaio:
	@scripts/libaio $(KERNEL)

peers:
	@scripts/peers $(if $(OF),--of $(OF)) $(KERNEL) -- $(TESTS)
	@$(if $(LONG),$(foreach k,$(or $(KERNEL),6.1 6.12), \
		scripts/differential --scripts 100000 $(k) &&)) true

fio:
	@scripts/fio $(if $(OF),--of $(OF)) $(if $(QUICK),--quick) $(KERNEL) -- $(PLACES)

differential:
	@scripts/differential $(if $(SEED),--seed $(SEED)) $(if $(SCRIPTS),--scripts $(SCRIPTS)) $(KERNEL)

mpd:
	@scripts/mpd $(KERNEL)

kunit:
	@scripts/kunit $(KERNEL)

coverage:
	@scripts/coverage $(KERNEL)

bench:
	@scripts/bench --kernel $(or $(KERNEL),6.1) $(if $(KEEP),--keep) $(GROUPS)

bench-quick:
	@scripts/bench --quick --kernel $(or $(KERNEL),6.1) $(if $(CASE),--case '$(CASE)') \
		$(if $(PROFILE),--profile '$(PROFILE)') $(if $(SIDE),--side $(SIDE)) $(GROUPS)

bench-detach:
	@scripts/bench-detach --kernel $(or $(KERNEL),6.1)

shell:
	@scripts/vm --kernel $(or $(KERNEL),6.1) --shell

model:
	@scripts/model $(if $(FAST),--fast) $(MODELS)

stress:
	@scripts/stress --kernel $(or $(KERNEL),6.1) $(if $(SEED),--seed $(SEED)) \
		$(if $(REPLAY),--replay $(REPLAY)) $(if $(TORTURE),--torture '$(TORTURE)') $(SECONDS)

fuzz:
	@scripts/fuzz $(if $(REPLAY),--replay $(REPLAY)) $(SECONDS)

lint:
	@scripts/lint $(STAGES)

clean:
	rm -rf build cring.ko

.PHONY: all help module samples headers install user tests demo check check-fast contracts libaio peers differential fio mpd kunit coverage bench bench-quick bench-detach model stress fuzz shell lint clean
