/*
 * vfork - children that share the memory of their parent, while that waits.
 *
 * Holds:  nothing.
 * Always: such a child, which has the cache of the thread that made it, takes no fast path: the system has no restartable
 *         sequences for it (see awake.h), though the word of its thread stays.
 * Locks:  none of its own.
 */
#include "boot.h"
#include "tcache.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Elsewhere no fast path is such a sequence. */
#ifdef __x86_64__

/* For vfork, in assembler. Before the system call; returns: the cache, NULL where there is none. */
struct tcache *vfork_lend(void);

/* And in the parent, with what the system answered. */
pid_t vfork_over(struct tcache *lent, long result);

__attribute__((used, cold)) struct tcache *vfork_lend(void)
{
	return boot_is_ready() ? tcache_lend() : NULL;
}

__attribute__((used, cold)) pid_t vfork_over(struct tcache *lent, long result)
{
	if (lent != NULL)
		tcache_take_back(lent);
	if (result >= 0)
		return (pid_t)result;
	errno = (int)-result;
	return -1;
}

/* What ThreadSanitizer wants instead. Found by its name, as few programs do: so the start of others does not look for it. */
pid_t vfork_as_fork(void);

__attribute__((used, cold)) pid_t vfork_as_fork(void)
{
	pid_t (*forks)(void) = (pid_t(*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "fork");

	return forks();
}

/* clang-format off */

/*
 * As glibc's: the child returns first, and then writes over the stack, where the address lay that its parent returns to.
 * So that waits in rdi, and the cache in rsi: the system changes rax, rcx and r11 alone. A shadow stack, which they share
 * too, is left for the parent: the child jumps to the address.
 */
__asm__(
"	.text\n"
"	.weak __tsan_init\n"
"	.globl vfork, __vfork\n"
"	.type vfork, @function\n"
"	.p2align 4\n"
"vfork:\n"
"	.cfi_startproc\n"
"	cmpq $0, __tsan_init@gotpcrel(%rip)\n"
"	je 1f\n"
"	jmp vfork_as_fork\n"
"1:	sub $8, %rsp\n"
"	.cfi_adjust_cfa_offset 8\n"
"	call vfork_lend\n"
"	add $8, %rsp\n"
"	.cfi_adjust_cfa_offset -8\n"
"	mov %rax, %rsi\n"
"	pop %rdi\n"
"	.cfi_adjust_cfa_offset -8\n"
"	.cfi_register %rip, %rdi\n"
"	mov $58, %eax\n"                  /* SYS_vfork */
"	syscall\n"
"	test %rax, %rax\n"
"	jne 2f\n"
"	jmp *%rdi\n"
"2:	push %rdi\n"
"	.cfi_adjust_cfa_offset 8\n"
"	.cfi_rel_offset %rip, 0\n"
"	mov %rsi, %rdi\n"
"	mov %rax, %rsi\n"
"	jmp vfork_over\n"
"	.cfi_endproc\n"
"	.size vfork, . - vfork\n"
"	.set __vfork, vfork\n"
);

/* clang-format on */

#endif
