/*
 * hits - the fast paths of malloc and free.
 *
 * Holds:  nothing.
 * Always: a thread that loses its processor, or gets a signal, before the instruction that changes a magazine, starts
 *         over, by the way of who misses; behind that instruction, it goes on. So other threads may empty the cache of
 *         a thread that they have interrupted, and a signal handler may call malloc and free.
 * Locks:  none.
 */
#include "hits.h"
#include "alloc.h"
#include "awake.h"
#include "misses.h"
#include "resize.h"
#include "tcache.h"

#include <string.h>

#if defined __x86_64__ && __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#ifdef RSEQ_SIG

/*
 * The sequence of awake.h, in assembler, as it must be in one piece, with each of its instructions known:
 *
 *     hits_free       finds the slot
 *     hits_sequence   free: is the thread awake, is the slot of its arena, is there room? is it LIVE: then DEAD; the top
 *     hits_any        calloc: is there a slot, is the thread awake? the top
 *     hits_take       malloc: the same
 *     hits_end        makes the slot LIVE
 *
 * The last instruction of the sequence is the one by which malloc changes the magazine: a thread that is behind it is out
 * of the sequence. The two others are still in it behind theirs. But an addition, or subtraction, to the top tells by the
 * flags that it was done: neither zero nor carry, which the comparison before it does not leave. Where an earlier
 * comparison may, a register tells that it is the earlier one. hits_restart finds
 *
 *     free      rdi the block, above SIZECLASS_BYTES_MAX   rsi entry   rdx state
 *               rax at most 65535 before the thread is known to be awake
 *               rcx at most 65535 from then on, before the slot is known to be LIVE
 *     calloc    rdi the size                               rsi twice   rdx 0 to 255
 *               r8 awake_word_at, before the thread is known to be awake
 *     malloc    rdi the size                               rsi twice   rdx miss, which is above; or the table of size
 *               classes, where that is alloc_new
 *
 * (A register would tell of xadd, without the flags; it takes 15 cycles more on AMD's Zen 3. There, too, it takes 9 more
 * if the slot becomes DEAD before all the rest.)
 */
#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

_Static_assert(HEAP_PAGE_SHIFT == 16 && sizeof(struct pagemap_entry) == 32, "as hits_free counts");
_Static_assert(offsetof(struct pagemap, base) == 0 && offsetof(struct pagemap, bytes) == 8 &&
                       offsetof(struct pagemap, entries) == 16,
               "as hits_free reads");
_Static_assert(offsetof(struct pagemap_entry, reciprocal) == 0 &&
                       offsetof(struct pagemap_entry, states) == 8 &&
                       offsetof(struct pagemap_entry, start) == 16 &&
                       offsetof(struct pagemap_entry, awake) == 26 &&
                       offsetof(struct pagemap_entry, magazine) == 30,
               "as hits_free reads");
_Static_assert(SLOT_FRESH == 0 && SLOT_LIVE == 1 && SLOT_DEAD == 2, "as it is written below");
_Static_assert(sizeof(struct slot) == 16 && offsetof(struct slot, state) == 8, "as it is below");
_Static_assert(offsetof(struct tcache, magazines) == 0 && sizeof(struct magazine) == 2 * 8 &&
                       offsetof(struct magazine, top) == 0 && offsetof(struct magazine, limit) == 8,
               "as twice a class counts");
_Static_assert(SIZECLASS_BYTES_MAX == 32768 && SIZECLASS_STEP == 16, "no block starts below");

/* clang-format off */

/* Of the cache at r10 the slot that was put last: r10, rsi its magazine, rcx the top, rax the slot's start; and it is one,
 * and the thread is awake, where that is below. The word is read before the top: a thread that was not awake is not
 * restarted, and a signal handler that comes in between takes from the top, and leaves it awake. */
#define FIND_LAST \
"	mov tcache_self@gottpoff(%rip), %rcx\n" \
"	mov awake_word_at(%rip), %r8\n" \
"	mov %fs:(%rcx), %r10\n" \
"	mov %fs:(%r8), %r9\n" \
"	mov (%r10, %rsi, 8), %rcx\n" \
"	shl $" TEXT(AWAKE_SHIFT) ", %r9\n" \
"	mov -16(%rcx), %rax\n" \
"	cmp %r9, %rax\n"

__asm__(
"	.text\n"
"	.hidden hits_free, hits_take_any, hits_take\n"
"	.globl hits_free, hits_take_any, hits_take\n"
"	.globl malloc, __libc_malloc, free, __libc_free, __libc_cfree, cfree\n"

"	.type malloc, @function\n"
"	.p2align 5\n"
"malloc:\n"                         /* as hits_new, with alloc_new */
"	.cfi_startproc\n"
"	cmp $32768, %rdi\n"
"	ja alloc_new\n"
"	lea 15(%rdi), %rax\n"
"	mov sizeclass_twice(%rip), %rdx\n"
"	shr $4, %rax\n"
"	movzbl (%rdx, %rax), %esi\n"
"	jmp hits_take\n"
"	.cfi_endproc\n"
"	.size malloc, . - malloc\n"
"	.set __libc_malloc, malloc\n"

"	.type free, @function\n"
"	.p2align 5\n"
"free:\n"
"hits_free:\n"
"	.cfi_startproc\n"
"	mov %rdi, %rsi\n"
"	sub pagemap(%rip), %rsi\n"
"	cmp pagemap+8(%rip), %rsi\n"
"	jae alloc_free_rest\n"
"	shr $16, %rsi\n"
"	mov %rdi, %rax\n"
"	shl $5, %rsi\n"
"	add pagemap+16(%rip), %rsi\n"     /* the entry */
"	mov (%rsi), %rcx\n"
"	sub 16(%rsi), %rax\n"
"	mul %rcx\n"
"	cmp %rcx, %rax\n"
"	jae alloc_free_rest\n"
"	add 8(%rsi), %rdx\n"              /* the state */
"	movzwl 26(%rsi), %eax\n"
"	mov awake_word_at(%rip), %rcx\n"
"hits_sequence:\n"
"	cmp %fs:(%rcx), %ax\n"
"	jne free_send\n"
"	movzwl 30(%rsi), %ecx\n"
"	mov tcache_self@gottpoff(%rip), %rax\n"
"	mov %fs:(%rax), %rax\n"
"	mov (%rax, %rcx), %r8\n"
"	cmp 8(%rax, %rcx), %r8\n"
"	je free_spill\n"
"	cmpb $1, (%rdx)\n"
"	jne alloc_free_rest\n"            /* else zero */
"	lea (%rax, %rcx), %rcx\n"         /* the magazine */
"	movb $2, (%rdx)\n"
"	mov %rdi, (%r8)\n"
"	mov %rdx, 8(%r8)\n"
"	addq $16, (%rcx)\n"
"	ret\n"
"	.cfi_endproc\n"
"	.size free, . - free\n"
"	.set __libc_free, free\n"
"	.set __libc_cfree, free\n"
"	.set cfree, free\n"

"	.type hits_any, @function\n"
"	.p2align 4\n"
"hits_any:\n"
"	.cfi_startproc\n"
FIND_LAST
"	jae hits_miss_any\n"             /* else a carry */
"	mov -8(%rcx), %r8\n"
"	subq $16, (%r10, %rsi, 8)\n"
"hits_any_live:\n"
"	movzbl (%r8), %edx\n"
"	movb $1, (%r8)\n"
"	ret\n"
"	.cfi_endproc\n"
"	.size hits_any, . - hits_any\n"

"	.type hits_take, @function\n"
"	.p2align 4\n"
"hits_take:\n"
"	.cfi_startproc\n"
FIND_LAST
"	jae hits_miss\n"
"	mov -8(%rcx), %r8\n"
"	subq $16, (%r10, %rsi, 8)\n"
"hits_end:\n"
"	movb $1, (%r8)\n"
"	ret\n"
"hits_miss:\n"
"	lea sizeclass_coarse(%rip), %rcx\n"
"	cmp %rcx, %rdx\n"
"	je alloc_new\n"
"	lea sizeclass_refined(%rip), %rcx\n"
"	cmp %rcx, %rdx\n"
"	je alloc_new\n"
"	jmp *%rdx\n"
"	.cfi_endproc\n"
"	.size hits_take, . - hits_take\n"

"	.type hits_take_any, @function\n"
"	.p2align 4\n"
"hits_take_any:\n"
"	.cfi_startproc\n"
"	xor %edx, %edx\n"                /* and zero */
"	jmp hits_any\n"
"	.cfi_endproc\n"
"	.size hits_take_any, . - hits_take_any\n"

"	.type free_send, @function\n"
"	.p2align 4\n"
"free_send:\n"
"	.cfi_startproc\n"
"	cmpb $1, (%rdx)\n"
"	jne alloc_free_rest\n"
"	jmp misses_send\n"
"free_spill:\n"
"	cmpb $1, (%rdx)\n"
"	jne alloc_free_rest\n"
"	jmp misses_spill\n"
"	.cfi_endproc\n"
"	.size free_send, . - free_send\n"

"	.type hits_restart, @function\n"
"	.p2align 4\n"
"	.long " TEXT(RSEQ_SIG) "\n"       /* the system expects it in front of the place */
"hits_restart:\n"
"	.cfi_startproc\n"
"	seta %r9b\n"                     /* neither zero nor carry */
"	cmp $32768, %rdi\n"
"	ja 1f\n"
"	cmp $255, %rdx\n"
"	ja hits_miss\n"
"	test %r9b, %r9b\n"
"	je hits_miss_any\n"
"	cmp awake_word_at(%rip), %r8\n"
"	jne hits_any_live\n"
"	jmp hits_miss_any\n"
"1:	cmp $65535, %rax\n"              /* a mark */
"	jbe alloc_free\n"
"	cmp $65535, %rcx\n"              /* a place among the magazines */
"	jbe alloc_free\n"
"	test %r9b, %r9b\n"
"	je misses_send\n"
"	ret\n"
"	.cfi_endproc\n"
"	.size hits_restart, . - hits_restart\n"

"	.section awake_sequence, \"a\"\n"
"	.balign 4\n"
"	.long hits_sequence - .\n"
"	.long hits_end - .\n"
"	.long hits_restart - .\n"
"	.text\n"
);
/* clang-format on */

#else

/* In C nothing says where a thread is stopped: so nobody empties caches of others. */
static bool take(size_t twice, struct slot *slot)
{
	struct magazine *magazine = &tcache_shown()->magazines[twice / 2];
	const struct slot *last = magazine->top - 1;

	slot->ptr = last->ptr;
	if (unlikely(!awake_with(slot->ptr)))
		return false;
	slot->state = last->state;
	magazine->top--;
	return true;
}

void *hits_take(size_t size, size_t twice, void *(*miss)(size_t size))
{
	struct slot slot;

	if (unlikely(!take(twice, &slot)))
		return miss(size);
	*slot.state = SLOT_LIVE;
	return slot.ptr;
}

static struct hits_taken hits_miss_any(size_t size);

struct hits_taken hits_take_any(size_t size, size_t twice)
{
	struct slot slot;

	if (unlikely(!take(twice, &slot)))
		return hits_miss_any(size);
	struct hits_taken taken = {.ptr = slot.ptr, .state = *slot.state};
	*slot.state = SLOT_LIVE;
	return taken;
}

void hits_free(void *ptr)
{
	struct slot slot;
	const struct pagemap_entry *entry = alloc_find_slot(ptr, &slot);

	if (unlikely(entry == NULL)) {
		alloc_free_rest(ptr);
		return;
	}
	if (unlikely(!awake_as(entry->awake))) {
		misses_send(ptr, entry, slot.state);
		return;
	}
	struct magazine *magazine =
	        (struct magazine *)(void *)((char *)tcache_shown() + entry->magazine);
	struct slot *top = magazine->top;
	if (unlikely(top == magazine->limit)) {
		misses_spill(ptr, entry, slot.state);
		return;
	}
	*top = slot;
	*slot.state = SLOT_DEAD;
	/* In this order also for the child of a fork that another thread makes here. */
	__atomic_store_n(&magazine->top, top + 1, __ATOMIC_RELEASE);
}

static void *take_new(size_t size)
{
	return hits_new(size, alloc_new);
}

#define NAME_OF(call) __attribute__((visibility("default"), alias(call)))
NAME_OF("take_new") void *malloc(size_t size);
NAME_OF("take_new") void *__libc_malloc(size_t size);
NAME_OF("hits_free") void free(void *ptr);
NAME_OF("hits_free") void cfree(void *ptr);
NAME_OF("hits_free") void __libc_free(void *ptr);
NAME_OF("hits_free") void __libc_cfree(void *ptr);

#endif

/* What hits_take_any comes to without a slot. */
__attribute__((used)) struct hits_taken hits_miss_any(size_t size);
struct hits_taken hits_miss_any(size_t size)
{
	return (struct hits_taken){.ptr = alloc_new_zeroed(size), .state = SLOT_FRESH};
}

void *hits_resize(void *ptr, size_t size)
{
	struct slot slot;
	const struct pagemap_entry *entry = alloc_find_slot(ptr, &slot);

	if (entry == NULL || unlikely(size > ALLOC_BYTES_MAX))
		return resize_block(ptr, size);
	size_t bytes = sizeclasses[entry->sizeclass].slot_bytes;
	if (resize_stays(bytes, size))
		return ptr;
	void *fresh = hits_new(size, size < bytes ? alloc_new_less : alloc_new);
	if (unlikely(fresh == NULL))
		return resize_stay(ptr, bytes, size);
	memcpy(fresh, ptr, size < bytes ? size : bytes);
	hits_free(ptr);
	return fresh;
}

static void *nothing(size_t size)
{
	(void)size;
	return NULL;
}

void *hits_new_aligned(size_t size, size_t alignment)
{
	unsigned class = sizeclass_of_aligned(size, alignment);
	void *ptr = class == SIZECLASS_COUNT ? NULL : hits_take(size, 2 * class, nothing);

	return ptr != NULL ? ptr : alloc_new_aligned(size, alignment);
}
