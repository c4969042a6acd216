/* SPDX-License-Identifier: MIT */
/*
 * async/switch.h for x86-64 (System V). A suspended stack holds, from its pointer upwards: MXCSR
 * and the x87 control word (8 bytes), r15, r14, r13, r12, rbx, rbp and the address at which to
 * continue.
 *
 * A switch ends in a jump, not a return. The processor predicts returns from the calls that it has
 * seen, and would mispredict the address on the other stack every time. The jump is not tracked
 * (notrack), because the place after a call is no landing pad for indirect branch tracking. The
 * note at the end promises such pads, but no shadow stack: a process with this code in it runs
 * without one.
 */

    .text

    .globl  cmio__switch
    .hidden cmio__switch
    .type   cmio__switch, @function
    .p2align 4
cmio__switch:
    .cfi_startproc
    endbr64
    pushq   %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbp, 0
    pushq   %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbx, 0
    pushq   %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r12, 0
    pushq   %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r13, 0
    pushq   %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r14, 0
    pushq   %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r15, 0
    subq    $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw  4(%rsp)
    movl    (%rsp), %eax
    movzwl  4(%rsp), %edx

    /* The other stack has the same layout, so the description of this frame stays true. */
    movq    %rsp, (%rdi)
    movq    %rsi, %rsp

    /* Loading a mode is slow and rarely needed. The flags in MXCSR need not be kept. */
    xorl    (%rsp), %eax
    testl   $0xffc0, %eax
    jne     2f
    cmpw    4(%rsp), %dx
    jne     2f
1:  addq    $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq    %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore r15
    popq    %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore r14
    popq    %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore r13
    popq    %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore r12
    popq    %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbx
    popq    %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbp
    popq    %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register rip, rcx
    notrack jmp *%rcx
    .cfi_endproc

    /* Kept out of the way. The frame is the same as at label 1. */
    .cfi_startproc
    .cfi_def_cfa_offset 64
    .cfi_offset rbp, -16
    .cfi_offset rbx, -24
    .cfi_offset r12, -32
    .cfi_offset r13, -40
    .cfi_offset r14, -48
    .cfi_offset r15, -56
2:  ldmxcsr (%rsp)
    fldcw   4(%rsp)
    jmp     1b
    .cfi_endproc
    .size   cmio__switch, . - cmio__switch

/* A new stack begins here. r12 is the argument and r13 the function. Unwinders stop here. */
    .type   begin, @function
    .p2align 4
begin:
    .cfi_startproc
    .cfi_undefined rip
    endbr64
    movq    %r12, %rdi
    callq   *%r13
    ud2
    .cfi_endproc
    .size   begin, . - begin

/* void *cmio__switch_prepare(void *bottom, size_t size, void (*entry)(void *), void *argument) */
    .globl  cmio__switch_prepare
    .hidden cmio__switch_prepare
    .type   cmio__switch_prepare, @function
    .p2align 4
cmio__switch_prepare:
    .cfi_startproc
    endbr64
    leaq    -80(%rdi,%rsi), %rax    /* the frame, and 16 bytes of zeros that end the stack */
    stmxcsr (%rax)
    movl    $0, 4(%rax)
    fnstcw  4(%rax)
    movq    $0, 8(%rax)             /* r15 */
    movq    $0, 16(%rax)            /* r14 */
    movq    %rdx, 24(%rax)          /* r13: the function */
    movq    %rcx, 32(%rax)          /* r12: the argument */
    movq    $0, 40(%rax)            /* rbx */
    movq    $0, 48(%rax)            /* rbp: the chain of frames ends */
    leaq    begin(%rip), %rdx
    movq    %rdx, 56(%rax)
    movq    $0, 64(%rax)
    movq    $0, 72(%rax)
    ret
    .cfi_endproc
    .size   cmio__switch_prepare, . - cmio__switch_prepare

    .section .note.GNU-stack, "", @progbits

    .section .note.gnu.property, "a", @note
    .p2align 3
    .long   4                       /* bytes of the owner's name */
    .long   16                      /* bytes of the properties */
    .long   5                       /* NT_GNU_PROPERTY_TYPE_0 */
    .asciz  "GNU"
    .long   0xc0000002              /* GNU_PROPERTY_X86_FEATURE_1_AND */
    .long   4
    .long   1                       /* GNU_PROPERTY_X86_FEATURE_1_IBT */
    .long   0
