# Builds the tests: make -f test/lib/rules.mk build/test/GROUP/NAME...
# What the compiler says of a test stays in build/test/GROUP/NAME.log.

.PHONY: nothing
nothing:

include Makefile

CRIME = -O0 -w
SAY   = 2>$@.log || { cat $@.log >&2; rm -f $@; }

# $(call note,WORD,GROUP/NAME): the words after "WORD:" at the head of that test.
note  = $(shell sed -n '1,10s|^[/* ]*$1: *||p' $(wildcard test/$2.c test/$2.cc) | sed 's| *\*/.*$$||')
# hits without its public names, as the tests have libc's malloc
rooms = $(patsubst build/debug/hits.o,build/model/hits.o,$(patsubst %,build/debug/%.o,$(call note,links,unit/$1)))
libs  = $(patsubst %,build/test/lib/lib%.so,$(call note,$1,$2))
needs = $(call libs,library,$1) $(call libs,loads,$1) $(call libs,before,$1)
BASE  = $(CFLAGS) $(CPPFLAGS) -D_GNU_SOURCE -Iinclude -Itest/lib -pthread -MMD -MP
C     = $(CC) -std=gnu11 $(WARNINGS) $(BASE)
CXXC  = $(CXX) -std=c++17 -Wall -Wextra $(BASE)
HEAD  = @mkdir -p $(@D); rm -f $@;
# shared libraries of a test, found next to it wherever the tree lies
FIND  = $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib'

# Named here, or make 4.4 takes the rule for any group for those of unit, as long as these are not there.
$(DEBUG) build/model/hits.o: Makefile

.SECONDEXPANSION:
.SECONDARY:

build/test/unit/%: test/unit/%.c test/lib/rules.mk $$(call rooms,$$*)
	$(HEAD) $(C) -DHALLOC_DEBUG -Isrc -o $@ $< $(call rooms,$*) $(FIND) $(SAY)

build/test/public/%: test/public/%.c test/lib/rules.mk build/test/lib/libhalloc.so
	$(HEAD) $(C) -fno-builtin -o $@ $< -Lbuild/test/lib -lhalloc $(FIND) $(SAY)

build/test/public/%: test/public/%.cc test/lib/rules.mk build/test/lib/libhalloc.so
	$(HEAD) $(CXXC) -fno-builtin -o $@ $< -Lbuild/test/lib -lhalloc $(FIND) $(SAY)

build/test/death/%: test/death/%.c test/lib/rules.mk $$(call needs,death/$$*)
	$(HEAD) $(C) $(CRIME) -fno-builtin -o $@ $< $(call libs,library,death/$*) $(FIND) $(SAY)

build/test/death/%: test/death/%.cc test/lib/rules.mk $$(call needs,death/$$*)
	$(HEAD) $(CXXC) $(CRIME) -fno-builtin -o $@ $< $(call libs,library,death/$*) $(FIND) $(SAY)

build/test/%: test/%.c test/lib/rules.mk $$(call needs,$$*)
	$(HEAD) $(C) -fno-builtin -o $@ $< $(call libs,library,$*) $(FIND) $(SAY)

build/test/%: test/%.cc test/lib/rules.mk $$(call needs,$$*)
	$(HEAD) $(CXXC) -fno-builtin -o $@ $< $(call libs,library,$*) $(FIND) $(SAY)

build/test/lib/lib%.so: test/lib/%.c test/lib/rules.mk
	$(HEAD) $(C) -fPIC -shared -fno-builtin -Wl,-soname,$(@F) -o $@ $< $(SAY)

build/test/lib/lib%.so: test/lib/%.cc test/lib/rules.mk
	$(HEAD) $(CXXC) -fPIC -shared -fno-builtin -Wl,-soname,$(@F) -o $@ $< $(SAY)

# as installed: the name to link with, and the soname to run with
build/test/lib/libhalloc.so: libhalloc.so
	$(HEAD) ln -s ../../../libhalloc.so $@; ln -sf ../../../libhalloc.so build/test/lib/libhalloc.so.1

include test/lib/rules-fuzz.mk

-include $(wildcard build/test/*/*.d)
