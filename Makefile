# SPDX-License-Identifier: MIT
#
# hvgpu: everything is built out of tree in build/. `make help` lists the targets.

# ---- what can be set -------------------------------------------------------------------------
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CROSS   ?=
ifeq ($(origin CC),default)
CC      := $(CROSS)gcc
endif
AR      := $(CROSS)ar
PKG     ?= $(CROSS)pkg-config
# V=1 shows commands; SAN=address,undefined or SAN=thread builds with sanitizers (own folder)
V       ?= 0
SAN     ?=
COV     ?=
T       ?= 30
ARGS    ?=

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-6s %s\n' $(1) $(2);)

comma := ,
OUT := $(BUILD)/$(if $(SAN),$(subst $(comma),-,$(SAN)),$(if $(COV),coverage,release))


# ---- flags -----------------------------------------------------------------------------------
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
           -Wvla -Wwrite-strings -Wundef
OPT     := $(if $(SAN),-O1 -g -fno-omit-frame-pointer -fsanitize=$(SAN),$(if $(COV),-O0 -g --coverage,-O2 -g))
CFLAGS  ?=
HARDEN  := -fstack-protector-strong -D_FORTIFY_SOURCE=$(if $(SAN)$(COV),0,2)
# A recursive variable: pkg-config is asked when something is compiled, after `deps` has run.
PACKAGES     := libcjson
CURSES       := ncursesw
PKG_CFLAGS    = $(shell $(PKG) --cflags $(PACKAGES) 2>/dev/null)
CURSES_CFLAGS = $(shell $(PKG) --cflags $(CURSES) 2>/dev/null)
PKG_LIBS      = $(shell $(PKG) --libs $(PACKAGES) 2>/dev/null)
CURSES_LIBS   = $(shell $(PKG) --libs $(CURSES) 2>/dev/null)
CMOCKA_LIBS   = $(shell $(PKG) --libs cmocka 2>/dev/null)
ALL_CFLAGS = -std=c11 $(WARN) $(OPT) -U_FORTIFY_SOURCE $(HARDEN) -fPIE -pthread -I. -D_GNU_SOURCE \
             -DHVGPU_DATADIR='"$(PREFIX)/share/hvgpu"' $(CFLAGS)
ALL_LDFLAGS = $(OPT) -pthread -pie -Wl,-z,relro,-z,now -Wl,--gc-sections $(LDFLAGS)

# ---- sources ---------------------------------------------------------------------------------
CORE_SRC    := $(sort $(wildcard core/*.c core/base/*.c core/base/os/posix/*.c core/engine/*.c \
                 core/engine/hcs/*.c core/engine/hcs/simulated/*.c))
CONSOLE_SRC := $(sort $(wildcard console/*.c console/views/*.c console/shell/*.c))
UNIT_SRC    := $(sort $(wildcard tests/unit/test_*.c))
SCREEN_SRC  := $(sort $(wildcard tests/console/test_*.c))
HELP_SRC    := $(sort $(wildcard tests/support/*.c))
FUZZ_SRC    := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC   := $(sort $(wildcard tests/bench/bench_*.c))
ALL_SRC     := $(CORE_SRC) $(CONSOLE_SRC) $(UNIT_SRC) $(SCREEN_SRC) $(HELP_SRC) $(BENCH_SRC)

object = $(patsubst %.c,$(OUT)/%.o,$(1))
CORE_OBJ    := $(call object,$(CORE_SRC))
CONSOLE_OBJ := $(call object,$(CONSOLE_SRC))
PARTS_OBJ   := $(filter-out $(OUT)/console/main.o,$(CONSOLE_OBJ))
LIB         := $(OUT)/libhvgpu.a
PARTS       := $(OUT)/libconsole.a
PROGRAM     := $(OUT)/hvgpu
UNIT_BIN    := $(patsubst %.c,$(OUT)/%,$(UNIT_SRC))
SCREEN_BIN  := $(patsubst %.c,$(OUT)/%,$(SCREEN_SRC))
BENCH_BIN   := $(patsubst %.c,$(OUT)/%,$(BENCH_SRC))
SUPPORT_LIB := $(OUT)/libtestsupport.a
SUPPORT_OBJ := $(call object,$(filter-out %_main.c,$(HELP_SRC)))
SUPPORT_BIN := $(patsubst %.c,$(OUT)/%,$(filter %_main.c,$(HELP_SRC)))

# With `make deps run` or `make -j deps test`, nothing is compiled before deps is through.
FIRST := $(filter deps,$(MAKECMDGOALS))

.PHONY: all deps run test check asan tsan fuzz bench coverage lint format install uninstall clean help \
        test-programs layers style static

all: $(PROGRAM)

help:
	@echo 'make            build $(PROGRAM)'
	@echo 'make deps       install what is missing (apt; other systems: prints the command)'
	@echo 'make run        build and open the console on a simulated host; ARGS="..." adds arguments'
	@echo 'make test       build and run all tests that need neither root nor network'
	@echo 'make check      test, asan, tsan, layers, style, static analysis'
	@echo 'make asan       the tests under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make tsan       the tests under ThreadSanitizer'
	@echo 'make fuzz       every fuzz target for T=30 seconds (clang)'
	@echo 'make bench      numbers of core and console'
	@echo 'make coverage   line coverage of core'
	@echo 'make lint       layers, style, static analysis'
	@echo 'make format     clang-format over all sources'
	@echo 'make install    PREFIX=/usr/local DESTDIR= ; make uninstall takes it back'
	@echo 'make clean      remove build/'
	@echo 'Variables: V=1 shows commands; CC, CROSS, SAN=address,undefined|thread, BUILD, CFLAGS, LDFLAGS'

deps:
	@sh tests/support/deps.sh

# ---- compile and link ------------------------------------------------------------------------
$(OUT)/%.o: %.c | $(FIRST)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) $(if $(filter console/term_curses.c,$<),$(CURSES_CFLAGS)) -MMD -MP -c $< -o $@

$(LIB): $(CORE_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^
$(PARTS): $(PARTS_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^
$(SUPPORT_LIB): $(SUPPORT_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(PROGRAM): $(OUT)/console/main.o $(PARTS) $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) $(CURSES_LIBS)

$(UNIT_BIN): $(OUT)/%: $(OUT)/%.o $(SUPPORT_LIB) $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CMOCKA_LIBS) $(PKG_LIBS)
$(SCREEN_BIN): $(OUT)/%: $(OUT)/%.o $(PARTS) $(SUPPORT_LIB) $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CMOCKA_LIBS) $(PKG_LIBS) $(CURSES_LIBS)
$(BENCH_BIN): $(OUT)/%: $(OUT)/%.o $(PARTS) $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) $(CURSES_LIBS)
$(SUPPORT_BIN): $(OUT)/%: $(OUT)/%.o $(SUPPORT_LIB) $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

-include $(patsubst %.c,$(OUT)/%.d,$(ALL_SRC))

# ---- run and test ----------------------------------------------------------------------------
run: $(PROGRAM)
	@$(PROGRAM) -c demo: $(ARGS)

test-programs: $(PROGRAM) $(UNIT_BIN) $(SCREEN_BIN) $(SUPPORT_BIN)

test: test-programs
	@sh tests/support/run.sh $(OUT) $(TESTS)

asan:
	@$(MAKE) --no-print-directory SAN=address,undefined test
tsan:
	@$(MAKE) --no-print-directory SAN=thread test

check: lint
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory asan
	@$(MAKE) --no-print-directory tsan

layers:
	@sh tests/support/check_layers.sh
style:
	@sh tests/support/check_style.sh
static:
	@sh tests/support/check_static.sh
lint: layers style static

format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

fuzz:
	@sh tests/support/fuzz.sh $(BUILD)/fuzz $(T)

bench: $(PROGRAM) $(BENCH_BIN)
	@sh tests/support/bench.sh $(OUT)

coverage:
	@$(MAKE) --no-print-directory COV=1 test
	@sh tests/support/coverage.sh $(BUILD)/coverage

install: $(PROGRAM)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/hvgpu/themes
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/hvgpu
	install -m 644 themes/*.json $(DESTDIR)$(PREFIX)/share/hvgpu/themes
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/hvgpu
	rm -rf $(DESTDIR)$(PREFIX)/share/hvgpu

clean:
	rm -rf $(BUILD)
