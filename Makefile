# SPDX-License-Identifier: GPL-2.0-only
#
#   sudo make demo    install what is missing, build, fetch the runtimes, run coldprof --all
#   sudo make test    install what is missing, build, pass every test
#   make              ./coldprof (everything else goes to build/)
#
# Switches:  DEVELOPER=1 warnings are errors   SAN=1 ASan and UBSan   BPF=0 without probes   V=1
#
# make check         the tests, when everything is installed and built
# make check-user    only those that need neither root nor a runtime
# make runtimes      what --all starts: service, guest image, fetched runtimes
# make fuzz          run the fuzzers for FUZZ_SECONDS
# make bench         the figures of README.md
# make screenshots   the pictures of README.md, from docs/example.coldprof
# make install       to DESTDIR and prefix

.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

VERSION := 0.1.0
CC ?= cc
CLANG ?= clang
BPFTOOL ?= $(shell command -v bpftool || echo /usr/sbin/bpftool)
BPF ?= 1
FUZZ_SECONDS ?= 60
prefix ?= /usr/local
libdir = $(prefix)/lib/coldprof

MACHINE := $(shell uname -m)
ifeq ($(MACHINE),aarch64)
ARCH := arm64
BPF_TARGET_ARCH := arm64
else
ARCH := x86_64
BPF_TARGET_ARCH := x86
endif

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

# One object directory for each way to build, so that switching back and forth is cheap.
FLAVOUR := plain$(if $(SAN),-san)$(if $(filter 0,$(BPF)),-nobpf)
BUILD := build
OBJ := $(BUILD)/obj/$(FLAVOUR)

PACKAGES := libelf zlib ncursesw jansson $(if $(filter 0,$(BPF)),,libbpf)
CFLAGS ?= -O2 -g
ALL_CFLAGS = $(CFLAGS) -std=gnu11 -D_GNU_SOURCE -DCOLDPROF_VERSION='"$(VERSION)"' \
	-DCOLDPROF_LIBDIR='"$(libdir)"' -I. -I$(BUILD) -Wall -Wextra -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith -Wwrite-strings \
	-Wno-missing-field-initializers -fno-omit-frame-pointer -pthread \
	$(if $(DEVELOPER),-Werror) \
	$(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -Wno-format-truncation) \
	$(if $(filter 0,$(BPF)),-DCOLDPROF_NO_BPF) \
	$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
ALL_LDFLAGS = $(LDFLAGS) -pthread $(if $(SAN),-fsanitize=address$(comma)undefined)
LDLIBS = $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lm
comma := ,

# ---- sources: found, not listed, so that adding a file is adding a file -------------------------

BPF_SRC := $(sort $(wildcard bpf/*.bpf.c))
EXPORT_SRC := $(shell grep -l '^const struct export_ops export_' user/export/*.c 2>/dev/null | sort)
DRIVER_SRC := $(shell grep -l '^const struct scenario_ops scenario_' scenarios/*.c 2>/dev/null | sort)
COLLECT_BPF := user/collect/collector.c user/collect/features.c user/collect/kvm_sums.c user/collect/adopt.c user/collect/sampler.c
LIB_SRC := $(sort $(filter-out user/main.c $(if $(filter 0,$(BPF)),$(COLLECT_BPF),user/collect/nobpf.c), \
	$(wildcard user/*.c user/*/*.c tui/*.c scenarios/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(OBJ)/%.o)
LIB := $(OBJ)/libcoldprof.a
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HELP := $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))
UNIT := $(UNIT_SRC:tests/unit/%.c=$(OBJ)/unit/%)
BPF_TEST := $(if $(filter 0,$(BPF)),,$(patsubst tests/bpf/%.c,$(BUILD)/fixture/bpf/%,$(wildcard tests/bpf/*.c)))
FIXTURE := $(patsubst tests/fixture/%.c,$(BUILD)/fixture/%,$(wildcard tests/fixture/*.c))

.PHONY: all deps runtimes demo test check check-user check-root fuzz bench install uninstall clean FORCE

all: coldprof

# ---- the program ----------------------------------------------------------------------------

# (Whatever is older: the one of another flavour may be the newer.)
coldprof: $(OBJ)/coldprof FORCE
	$(Q)cmp -s $< $@ || cp -f $< $@

$(OBJ)/coldprof: $(OBJ)/user/main.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(LIB_OBJ) $(OBJ)/sources
	$(say) AR $@
	$(Q)rm -f $@ && ar qcs $@ $(LIB_OBJ)

# A file that was removed must leave the library too.
$(OBJ)/sources: FORCE
	@mkdir -p $(@D) && echo '$(LIB_SRC)' | cmp -s - $@ || echo '$(LIB_SRC)' >$@

# What is compiled in another way is compiled anew: DEVELOPER=1, CFLAGS, prefix, a libbpf that came.
COMPILES := $(subst ','\'',$(CC) $(ALL_CFLAGS))
$(OBJ)/flags: FORCE
	@mkdir -p $(@D) && echo '$(COMPILES)' | cmp -s - $@ || echo '$(COMPILES)' >$@

$(OBJ)/%.o: %.c Makefile $(OBJ)/flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Generated headers must be there before the first compilation; after it -MMD knows who needs them.
$(LIB_OBJ) $(OBJ)/user/main.o: | $(BUILD)/scenarios.gen.h $(BUILD)/exports.gen.h
$(OBJ)/user/collect/collector.o $(OBJ)/user/collect/kvm_sums.o $(OBJ)/user/collect/adopt.o: | $(BUILD)/probes.skel.h

# The list of scenarios comes from the files that define one; FORCE, or a deleted one stays. (The tests make
# things side by side: each make has a file of its own.)
$(BUILD)/scenarios.gen.h: FORCE
	@mkdir -p $(@D)
	@sed -n 's/^const struct scenario_ops scenario_\([a-z0-9_]*\) =.*/SCENARIO(\1)/p' $(DRIVER_SRC) /dev/null | sort >$@.$$$$.tmp; \
		if cmp -s $@.$$$$.tmp $@; then rm -f $@.$$$$.tmp; else mv $@.$$$$.tmp $@; fi

# The formats of `export`, likewise.
$(BUILD)/exports.gen.h: FORCE
	@mkdir -p $(@D)
	@sed -n 's/^const struct export_ops export_\([a-z0-9_]*\) =.*/EXPORT(\1)/p' $(EXPORT_SRC) /dev/null | sort >$@.$$$$.tmp; \
		if cmp -s $@.$$$$.tmp $@; then rm -f $@.$$$$.tmp; else mv $@.$$$$.tmp $@; fi

# Style sheets and scripts of the page as C. They must not end the element that they stand in.
PAGE_FILES := timeline.css timeline.js page.css page.js
PAGE_INC := $(PAGE_FILES:%=$(BUILD)/page/%.inc) $(BUILD)/page/hashes.inc
$(OBJ)/user/export/page.o: | $(PAGE_INC)

$(BUILD)/page/%.inc: user/export/page/% Makefile
	@mkdir -p $(@D)
	$(say) PAGE $<
	$(Q)! grep -niE '</|<!|]]>' $<
	$(Q)od -An -v -tu1 $< | sed 's/^ *//; s/  */,/g; s/$$/,/' >$@

# What the page's own Content-Security-Policy lets run, and nothing else: the two scripts.
$(BUILD)/page/hashes.inc: $(filter %.js,$(PAGE_FILES:%=user/export/page/%)) Makefile
	@mkdir -p $(@D)
	$(Q)for f in $(filter %.js,$^); do \
		hex=$$(sha256sum <$$f | cut -c1-64 | sed 's/../0x& /g'); \
		echo "\"'sha256-$$(for b in $$hex; do printf "\\$$(printf %03o $$b)"; done | base64)' \""; \
	done >$@

# ---- probes ---------------------------------------------------------------------------------

BPF_COMPILES := $(CLANG) -g -O2 -Wall -Wextra -Wno-unused-parameter $(if $(DEVELOPER),-Werror) -target bpf \
	-D__TARGET_ARCH_$(BPF_TARGET_ARCH) -Ivmlinux/$(ARCH) -I. \
	$(shell pkg-config --cflags libbpf 2>/dev/null)
$(BUILD)/bpf/flags: FORCE
	@mkdir -p $(@D) && echo '$(BPF_COMPILES)' | cmp -s - $@ || echo '$(BPF_COMPILES)' >$@

# As one file: the linker of libbpf 1.1 cannot put two objects together that call the same function of
# the kernel's (bpf/read.bpf.h). It still has a use: it leaves out what only a debugger needs.
$(BUILD)/bpf/probes.c: FORCE
	@mkdir -p $(@D)
	@printf '#include "%s"\n' $(BPF_SRC) | cmp -s - $@ || printf '#include "%s"\n' $(BPF_SRC) >$@

$(BUILD)/bpf/probes.o: $(BUILD)/bpf/probes.c Makefile $(BUILD)/bpf/flags
	$(say) BPF $@
	$(Q)$(BPF_COMPILES) -MMD -MP -c -o $@ $<

$(BUILD)/bpf/probes.bpfo: $(BUILD)/bpf/probes.o
	$(say) BPFLINK $@
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/probes.skel.h: $(BUILD)/bpf/probes.bpfo
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name probes >$@

# ---- what the scenarios start -----------------------------------------------------------------

deps:
	$(Q)scenarios/deps.sh

runtimes:
	$(Q)scenarios/fetch.sh
	$(Q)scenarios/service/build.sh
	$(Q)scenarios/guest/mkinitrd.sh

# Sub-makes, so that pkg-config is asked again after the packages came.
demo: deps
	$(Q)$(MAKE) --no-print-directory all runtimes
	$(Q)./coldprof --all $(ARGS)

# ---- tests ----------------------------------------------------------------------------------

test: deps
	$(Q)$(MAKE) --no-print-directory DEVELOPER=1 all runtimes
	$(Q)$(MAKE) --no-print-directory DEVELOPER=1 check

check: all check-programs check-san
	$(Q)tests/run.sh all

check-user: all check-programs check-san
	$(Q)tests/run.sh user

# The terminal UI takes whatever keys and sizes come: its test also runs under ASan and UBSan.
SAN_TUI := $(BUILD)/obj/plain-san$(if $(filter 0,$(BPF)),-nobpf)/unit/test_tui
.PHONY: check-san
check-san: all
ifndef SAN
	$(Q)$(MAKE) --no-print-directory SAN=1 CFLAGS='-O1 -g' $(SAN_TUI)
endif

.PHONY: check-programs
check-programs: $(UNIT) $(FIXTURE) $(BPF_TEST) $(BUILD)/export/record $(BUILD)/fuzz/seed

$(OBJ)/unit/%: $(OBJ)/tests/unit/%.o $(UNIT_HELP:%.c=$(OBJ)/%.o) $(LIB)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

$(BUILD)/export/record: $(OBJ)/tests/export/record.o $(UNIT_HELP:%.c=$(OBJ)/%.o) $(LIB)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

$(OBJ)/tests/%.o: ALL_CFLAGS += -DTEST_DIR='"tests"' -Wno-missing-prototypes
$(UNIT_SRC:%.c=$(OBJ)/%.o) $(UNIT_HELP:%.c=$(OBJ)/%.o): | $(BUILD)/scenarios.gen.h $(BUILD)/exports.gen.h

# Programs that load the probes themselves.
$(BUILD)/fixture/bpf/%: tests/bpf/%.c $(BUILD)/probes.skel.h bpf/shared.h
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(CFLAGS) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -I. -I$(BUILD) -o $@ $< $(LDLIBS)

$(BUILD)/fixture/clocked_init: scenarios/guest/init.c
$(BUILD)/fixture/%: tests/fixture/%.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) -O1 -g -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -static -pthread -o $@ $<

# Launches of planted causes for tests/unit/test_planted.c, anew; needs root and runc.
.PHONY: record-planted
record-planted: all check-programs
	$(Q)tests/golden/planted/record.sh

# ---- fuzzing: clang's libFuzzer, everything instrumented ------------------------------------------

FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_LIB := $(wildcard user/base/*.c user/record/*.c user/model/*.c user/symbol/*.c)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(FUZZ_LIB) bpf/wire.h $(wildcard user/*/*.h)
	@mkdir -p $(@D)
	$(say) FUZZER $@
	$(Q)$(CLANG) -g -O1 -std=gnu11 -D_GNU_SOURCE -I. -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION \
		-o $@ $< $(FUZZ_LIB) -lelf -lz -lm

$(BUILD)/fuzz/seed: $(OBJ)/tests/fuzz/seed.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: fuzzers
fuzzers: $(FUZZ) $(BUILD)/fuzz/seed

fuzz: fuzzers
	$(Q)tests/fuzz/run.sh $(FUZZ_SECONDS)

# ---- benchmarks -------------------------------------------------------------------------------

bench: all check-programs
	$(Q)tests/bench/run.sh

.PHONY: screenshots
screenshots: all
	$(Q)tests/browser/screenshots.sh

# ---- installation -------------------------------------------------------------------------------

bash_completions = $(prefix)/share/bash-completion/completions
zsh_completions = $(prefix)/share/zsh/site-functions
INSTALLED = $(DESTDIR)$(prefix)/sbin/coldprof $(DESTDIR)$(libdir) \
	$(DESTDIR)$(prefix)/share/man/man8/coldprof.8 \
	$(DESTDIR)$(prefix)/share/man/man5/coldprof-recording.5 \
	$(DESTDIR)$(bash_completions)/coldprof $(DESTDIR)$(zsh_completions)/_coldprof

install: all
	install -d $(DESTDIR)$(prefix)/sbin $(DESTDIR)$(libdir) $(DESTDIR)$(prefix)/share/man/man8 \
		$(DESTDIR)$(prefix)/share/man/man5 $(DESTDIR)$(bash_completions) $(DESTDIR)$(zsh_completions)
	install -m 755 coldprof $(DESTDIR)$(prefix)/sbin/coldprof
	install -m 644 docs/coldprof.8 $(DESTDIR)$(prefix)/share/man/man8/
	install -m 644 docs/coldprof-recording.5 $(DESTDIR)$(prefix)/share/man/man5/
	./coldprof completion bash >$(DESTDIR)$(bash_completions)/coldprof
	./coldprof completion zsh >$(DESTDIR)$(zsh_completions)/_coldprof
	if [ -d build/service ]; then cp -a build/service $(DESTDIR)$(libdir)/; fi
	if [ -f build/guest/initrd.gz ]; then install -D -m 644 -t $(DESTDIR)$(libdir)/guest build/guest/vmlinuz build/guest/initrd.gz; fi

uninstall:
	rm -rf $(INSTALLED)

clean:
	rm -rf $(BUILD)/obj $(BUILD)/bpf $(BUILD)/fuzz $(BUILD)/fixture $(BUILD)/export $(BUILD)/probes.skel.h $(BUILD)/scenarios.gen.h $(BUILD)/exports.gen.h $(BUILD)/page coldprof

DEPS := $(shell find $(BUILD)/obj $(BUILD)/bpf -name '*.d' 2>/dev/null)
-include $(DEPS)
