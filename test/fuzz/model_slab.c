/* Slabs, and the magazines of several threads, against a list of the slots that are out. One thread plays
 * them all: whose cache it is at the moment is a variable.
 * timeout: 500 */
#include "clock.h"
#include "idle.h"
#include "misses.h"
#include "model.h"
#include "sampling.h"
#include <limits.h>

const char *const model_modes[] = {"HALLOC_SAMPLE=0", "HALLOC_SAMPLE=3",
                                   "HALLOC_MAGAZINE_BYTES_MAX=0", NULL};
const unsigned model_seeds = 60;

enum { PLAYERS = 4, FILL_MAX = 24 };

/* The caches of those who do not play at the moment; NULL: of one who has none yet. */
static struct tcache *caches[PLAYERS];
static unsigned player;

/* A thread has its cache under a key, too: the one under which this thread has that cache. */
static bool key_of(const struct tcache *cache, pthread_key_t *key)
{
	for (*key = 0; *key < PTHREAD_KEYS_MAX; ++*key)
		if (pthread_getspecific(*key) == cache)
			return true;
	return false;
}

static void switch_to(unsigned next)
{
	static pthread_key_t key;
	static bool known;

	if (!known && tcache_self != &tcache_none)
		known = key_of(tcache_self, &key);
	caches[player] = tcache_hide();
	player = next;
	tcache_show(caches[player]);
	if (known)
		pthread_setspecific(key, tcache_self == &tcache_none ? NULL : tcache_self);
}

/* The others have gone, as in the child of a fork; their caches are emptied. */
static void others_end(void)
{
	tcache_fork_child();
	for (unsigned i = 0; i < PLAYERS; i++)
		if (i != player)
			caches[i] = &tcache_none;
}

/* Claims that a slot is where the page map says, and enters it as a block. */
static void slot_enter(struct block *block, struct slot slot, unsigned class)
{
	const struct pagemap_entry *entry = pagemap_find(slot.ptr);
	size_t bytes = sizeclasses[class].slot_bytes;

	CLAIM(entry != NULL);
	CLAIM(entry->sizeclass == class);
	CLAIM(((uintptr_t)slot.ptr - entry->start) % bytes == 0);
	size_t index = ((uintptr_t)slot.ptr - entry->start) / bytes;
	CLAIM(index < sizeclasses[class].slots);
	CLAIM(slot.state == entry->states + index);
	CLAIM(*slot.state != SLOT_LIVE);
	if (*slot.state == SLOT_FRESH)
		zero_check(slot.ptr, bytes);
	*slot.state = SLOT_LIVE;
	struct slot found = {0};
	CLAIM(alloc_find_slot(slot.ptr, &found) == entry);
	CLAIM(found.state == slot.state);
	*block = (struct block){
	        .at = slot.ptr, .bytes = bytes, .asked = bytes, .alignment = 16, .slot = slot};
	block_enter(block);
}

static void pop(struct input *input, unsigned class)
{
	struct block *block = draw_block(input, false);

	if (block == NULL)
		return;
	/* Whoever is sampled is given something else, from elsewhere. */
	if (sampling_one_in != 0 && tcache_self->magazines[class].top[-1].ptr == AWAKE_NO_ADDRESS &&
	    misses_sample_due(class))
		return;
	struct slot slot = misses_pop(class);
	CLAIM(slot.ptr != NULL);
	slot_enter(block, slot, class);
}

static void push(struct block *block)
{
	block_check(block, block->bytes);
	misses_push(block->slot, pagemap_find(block->at));
	CLAIM(*block->slot.state == SLOT_DEAD);
	struct slot found;
	CLAIM(alloc_find_slot(block->at, &found) == NULL);
	block->at = NULL;
}

/* Slots straight from an arena, and straight back. */
static void fill_slots(struct input *input, unsigned class)
{
	struct slot slots[FILL_MAX];
	unsigned wanted = 1 + (unsigned)draw(input, FILL_MAX);
	struct arena *arena = slab_arenas[draw(input, 2)];

	if (arena == NULL)
		return;
	unsigned count = slots_fill(arena, class, slots, wanted);
	CLAIM(count == wanted);
	for (unsigned i = 0; i < count; i++) {
		struct block *block = draw_block(input, false);
		CLAIM(pagemap_find(slots[i].ptr)->arena == arena->number);
		if (block == NULL) {
			slots_flush(arena, &slots[i], count - i);
			return;
		}
		slot_enter(block, slots[i], class);
	}
}

/* Slots of one arena go straight home. */
static void flush_slots(struct input *input)
{
	struct slot slots[FILL_MAX];
	struct block *first = draw_block(input, true);
	unsigned wanted = 1 + (unsigned)draw(input, FILL_MAX), count = 0;

	if (first == NULL)
		return;
	unsigned arena = pagemap_find(first->at)->arena;
	for (unsigned i = 0; i < BLOCKS && count < wanted; i++) {
		struct block *block = &blocks[i];
		if (block->at == NULL || pagemap_find(block->at)->arena != arena)
			continue;
		block_check(block, block->bytes);
		*block->slot.state = SLOT_DEAD;
		slots[count++] = block->slot;
		block->at = NULL;
	}
	slots_flush(slab_arena(arena), slots, count);
}

/* Many slots of one class at once: what fills magazines, outboxes and slabs. */
static void burst(struct input *input, unsigned class)
{
	static struct slot slots[600];
	unsigned count = 1 + (unsigned)draw(input, sizeof slots / sizeof *slots);
	unsigned taker = player;

	for (unsigned i = 0; i < count; i++) {
		slots[i] = misses_pop(class);
		CLAIM(slots[i].ptr != NULL);
		CLAIM(*slots[i].state != SLOT_LIVE);
		*slots[i].state = SLOT_LIVE;
		memset(slots[i].ptr, 0x55, 16);
	}
	switch_to((unsigned)draw(input, PLAYERS));
	for (unsigned i = 0; i < count; i++)
		misses_push(slots[i], pagemap_find(slots[i].ptr));
	switch_to(taker);
}

static void cache_count(const struct tcache *tcache, size_t *slots, unsigned *alive)
{
	if (tcache == &tcache_none)
		return;
	++*alive;
	*slots += tcache->outbox_count;
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		*slots += tcache_slots(tcache, class);
}

/* Every slot is out, at hand, in the mail or in its slab, and counted there. */
static void agree(void)
{
	struct introspect_totals totals;
	size_t at_hand = 0;
	unsigned alive = 0;

	walk_all();
	introspect_count(&totals);
	caches[player] = tcache_self;
	for (unsigned i = 0; i < PLAYERS; i++)
		cache_count(caches[i], &at_hand, &alive);
	for (unsigned i = 0; i < ARENAS_MAX && slab_arenas[i] != NULL; i++)
		at_hand += mail_count(slab_arenas[i]->mail);
	CLAIM(alive == tcache_count());
	CLAIM(totals.live_slots == blocks_out());
	CLAIM(totals.cached_slots == at_hand);
	CLAIM(totals.blocks == 0);
}

static void step(struct input *input)
{
	size_t kind = draw(input, 32);
	unsigned class = kind < 18 ? (unsigned)draw(input, SIZECLASS_COUNT) : 0;
	struct block *block;

	if (kind < 12)
		pop(input, class);
	else if (kind < 15)
		fill_slots(input, class);
	else if (kind < 18)
		burst(input, class);
	else if (kind < 25) {
		block = draw_block(input, true);
		if (block != NULL)
			push(block);
	} else if (kind < 27)
		flush_slots(input);
	else if (kind < 29)
		switch_to((unsigned)draw(input, PLAYERS));
	else if (kind == 29)
		idle_purge(clock_ms(), 0);
	else if (kind == 30)
		tcache_flush_self();
	else
		others_end();
}

static void start(void)
{
	static bool started;

	if (started)
		return;
	started = true;
	options.arenas = 3;
	CLAIM(boot_ensure());
	/* Purging is a step of its own. */
	options.purge_after_ms = 3600000;
	for (unsigned i = 0; i < PLAYERS; i++)
		caches[i] = i == 0 ? tcache_self : &tcache_none;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	struct input input = {bytes, count};

	start();
	agree();
	while (input.left > 0) {
		step(&input);
		agree();
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i].at != NULL)
			push(&blocks[i]);
	switch_to(0);
	others_end();
	tcache_flush_self();
	idle_purge(clock_ms(), 0);
	agree();
	CLAIM(heap_process->cells_in_use == 0);
	return 0;
}
