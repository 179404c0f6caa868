# libhalloc: `make help` lists the targets.

CC       ?= cc
CFLAGS   ?= -O2 -g
PREFIX   ?= /usr/local
DESTDIR  ?=

WARNINGS = -Wall -Wextra -Wundef -Wshadow -Wconversion -Wcast-qual -Wstrict-prototypes \
           -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla
STANDARD = -std=gnu11 -D_GNU_SOURCE -Iinclude
HIDDEN   = -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-builtin-malloc \
           -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free -fno-plt
# layout.ld knows the rooms by their objects, and assembler names what is in them: -flto in CFLAGS knows neither.
APART    = -fno-lto
COMPILE  = $(CC) $(STANDARD) $(WARNINGS) $(HIDDEN) $(CFLAGS) $(CPPFLAGS) $(APART) -MMD -MP
TOOL     = $(CC) $(STANDARD) -Isrc $(WARNINGS) $(CFLAGS) $(CPPFLAGS) $(APART) -MMD -MP
LINK     = $(APART) -shared -pthread -Wl,-soname,libhalloc.so.1 -Wl,-z,nodelete,-z,now,-z,relro \
           -Wl,--version-script=src/exports.map -Wl,-T,src/layout.ld -Wl,--no-undefined

SOURCES  = $(sort $(wildcard src/*.c))
TOOLS    = $(patsubst src/tools/%.c,build/tools/%,$(sort $(wildcard src/tools/halloc-*.c)))
SHARED   = $(filter-out src/tools/halloc-%,$(sort $(wildcard src/tools/*.c)))
PARTS    = $(SHARED:src/tools/%.c=build/tools/parts/%.o)
RELEASE  = $(SOURCES:src/%.c=build/release/%.o)
DEBUG    = $(SOURCES:src/%.c=build/debug/%.o)

.PHONY: all debug tools test check soak fuzz compare bench install uninstall clean format help
.DELETE_ON_ERROR:

all: libhalloc.so tools ## build ./libhalloc.so and the tools (the default)

debug: build/debug/libhalloc.so ## build build/debug/libhalloc.so with every expect on

tools: $(TOOLS) ## build the tools under build/tools/

libhalloc.so: $(RELEASE) src/exports.map src/layout.ld
	$(CC) $(CFLAGS) $(LDFLAGS) $(LINK) -o $@ $(RELEASE)

build/debug/libhalloc.so: $(DEBUG) src/exports.map src/layout.ld
	$(CC) $(CFLAGS) $(LDFLAGS) $(LINK) -o $@ $(DEBUG)

build/release/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -DNDEBUG -c -o $@ $<

build/debug/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -DHALLOC_DEBUG -c -o $@ $<

build/tools/%: src/tools/%.c build/tools/parts.a Makefile
	@mkdir -p $(@D)
	$(TOOL) -o $@ $< build/tools/parts.a $(LDFLAGS)

build/tools/parts.a: $(PARTS)
	rm -f $@
	$(AR) rc $@ $(PARTS)

build/tools/parts/map_html.o: src/tools/map.html

build/tools/parts/%.o: src/tools/%.c Makefile
	@mkdir -p $(@D)
	$(TOOL) -c -o $@ $<

test: all debug ## run every test; ends with "N passed, N failed"
	test/run

check: all ## run the checks of the source alone: layers, exports, format
	test/run check

soak: all ## run real programs under halloc for SOAK_MINUTES (30), and compare with glibc's
	test/lib/soak

fuzz: all ## run the models under libFuzzer for FUZZ_MINUTES (5); needs clang
	test/lib/fuzz

compare: all ## compare stock programs under halloc with glibc's malloc
	scripts/compare-stock

bench: all ## measure against glibc and the installed peers
	scripts/bench

INTO = "$(DESTDIR)$(PREFIX)"
install: all ## install to $(DESTDIR)$(PREFIX)
	install -d $(INTO)/lib/pkgconfig $(INTO)/include $(INTO)/bin $(INTO)/libexec/halloc
	install -m 755 libhalloc.so $(INTO)/lib/libhalloc.so.1
	ln -sf libhalloc.so.1 $(INTO)/lib/libhalloc.so
	install -m 644 include/halloc.h $(INTO)/include/halloc.h
	printf '%s\n' 'prefix=$(PREFIX)' '' 'Name: halloc' 'Description: a malloc whose heap can be seen' \
	        'Version: 1' 'Cflags: -I$${prefix}/include' \
	        'Libs: -L$${prefix}/lib -Wl,--push-state,--no-as-needed -lhalloc -Wl,--pop-state' \
	        >$(INTO)/lib/pkgconfig/halloc.pc
	install -m 755 scripts/halloc $(INTO)/bin/halloc
	install -m 755 $(TOOLS) $(INTO)/libexec/halloc/

uninstall: ## remove what install has put there
	rm -f $(INTO)/lib/libhalloc.so.1 $(INTO)/lib/libhalloc.so $(INTO)/lib/pkgconfig/halloc.pc
	rm -f $(INTO)/include/halloc.h $(INTO)/bin/halloc
	rm -rf $(INTO)/libexec/halloc

format: ## format the C sources in place
	clang-format -i $$(git ls-files '*.c' '*.h')

clean: ## remove what was built
	rm -rf build libhalloc.so

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

-include $(RELEASE:.o=.d) $(DEBUG:.o=.d) $(TOOLS:=.d) $(PARTS:.o=.d)
