/* SPDX-License-Identifier: MIT */
/*
 * async/switch.h for AArch64 (AAPCS64). A suspended stack holds, from its pointer upwards: x19 to
 * x30, d8 to d15 and FPCR, in 176 bytes. x30 is the address at which to continue.
 *
 * A switch ends in a jump, not a return. The processor predicts returns from the calls that it has
 * seen, and would mispredict the address on the other stack every time. If branch targets are
 * checked (BTI), the place after a call is not a valid target, so a return has to do.
 */

#if defined(__ARM_FEATURE_BTI_DEFAULT)
#define GO_ON ret x30
#else
#define GO_ON br x30
#endif

    .text

    .globl  cmio__switch
    .hidden cmio__switch
    .type   cmio__switch, %function
    .p2align 4
cmio__switch:
    .cfi_startproc
    hint    #34                     /* bti c */
    sub     sp, sp, #176
    .cfi_adjust_cfa_offset 176
    stp     x19, x20, [sp]
    .cfi_rel_offset x19, 0
    .cfi_rel_offset x20, 8
    stp     x21, x22, [sp, #16]
    .cfi_rel_offset x21, 16
    .cfi_rel_offset x22, 24
    stp     x23, x24, [sp, #32]
    .cfi_rel_offset x23, 32
    .cfi_rel_offset x24, 40
    stp     x25, x26, [sp, #48]
    .cfi_rel_offset x25, 48
    .cfi_rel_offset x26, 56
    stp     x27, x28, [sp, #64]
    .cfi_rel_offset x27, 64
    .cfi_rel_offset x28, 72
    stp     x29, x30, [sp, #80]
    .cfi_rel_offset x29, 80
    .cfi_rel_offset x30, 88
    stp     d8, d9, [sp, #96]
    .cfi_rel_offset d8, 96
    .cfi_rel_offset d9, 104
    stp     d10, d11, [sp, #112]
    .cfi_rel_offset d10, 112
    .cfi_rel_offset d11, 120
    stp     d12, d13, [sp, #128]
    .cfi_rel_offset d12, 128
    .cfi_rel_offset d13, 136
    stp     d14, d15, [sp, #144]
    .cfi_rel_offset d14, 144
    .cfi_rel_offset d15, 152
    mrs     x9, fpcr
    str     x9, [sp, #160]

    /* The other stack has the same layout, so the description of this frame stays true. */
    mov     x10, sp
    str     x10, [x0]
    mov     sp, x1

    /* Setting the mode is slow and rarely needed. */
    ldr     x10, [sp, #160]
    cmp     x9, x10
    b.eq    1f
    msr     fpcr, x10
1:  ldp     x19, x20, [sp]
    ldp     x21, x22, [sp, #16]
    ldp     x23, x24, [sp, #32]
    ldp     x25, x26, [sp, #48]
    ldp     x27, x28, [sp, #64]
    ldp     x29, x30, [sp, #80]
    ldp     d8, d9, [sp, #96]
    ldp     d10, d11, [sp, #112]
    ldp     d12, d13, [sp, #128]
    ldp     d14, d15, [sp, #144]
    add     sp, sp, #176
    .cfi_def_cfa sp, 0
    .cfi_restore x19
    .cfi_restore x20
    .cfi_restore x21
    .cfi_restore x22
    .cfi_restore x23
    .cfi_restore x24
    .cfi_restore x25
    .cfi_restore x26
    .cfi_restore x27
    .cfi_restore x28
    .cfi_restore x29
    .cfi_restore x30
    .cfi_restore d8
    .cfi_restore d9
    .cfi_restore d10
    .cfi_restore d11
    .cfi_restore d12
    .cfi_restore d13
    .cfi_restore d14
    .cfi_restore d15
    GO_ON
    .cfi_endproc
    .size   cmio__switch, . - cmio__switch

/* A new stack begins here. x19 is the argument and x20 the function. Unwinders stop here. */
    .type   begin, %function
    .p2align 4
begin:
    .cfi_startproc
    .cfi_undefined x30
    hint    #36                     /* bti j */
    mov     x0, x19
    blr     x20
    brk     #1
    .cfi_endproc
    .size   begin, . - begin

/* void *cmio__switch_prepare(void *bottom, size_t size, void (*entry)(void *), void *argument) */
    .globl  cmio__switch_prepare
    .hidden cmio__switch_prepare
    .type   cmio__switch_prepare, %function
    .p2align 4
cmio__switch_prepare:
    .cfi_startproc
    hint    #34                     /* bti c */
    add     x9, x0, x1
    sub     x0, x9, #192            /* the frame, and 16 bytes of zeros that end the stack */
    stp     x3, x2, [x0]            /* x19: the argument, x20: the function */
    stp     xzr, xzr, [x0, #16]
    stp     xzr, xzr, [x0, #32]
    stp     xzr, xzr, [x0, #48]
    stp     xzr, xzr, [x0, #64]
    adr     x10, begin
    stp     xzr, x10, [x0, #80]     /* x29: the chain of frames ends */
    stp     xzr, xzr, [x0, #96]
    stp     xzr, xzr, [x0, #112]
    stp     xzr, xzr, [x0, #128]
    stp     xzr, xzr, [x0, #144]
    mrs     x10, fpcr
    stp     x10, xzr, [x0, #160]
    stp     xzr, xzr, [x0, #176]
    ret
    .cfi_endproc
    .size   cmio__switch_prepare, . - cmio__switch_prepare

    .section .note.GNU-stack, "", %progbits

#if defined(__ARM_FEATURE_BTI_DEFAULT)
    .section .note.gnu.property, "a", %note
    .p2align 3
    .long   4                       /* bytes of the owner's name */
    .long   16                      /* bytes of the properties */
    .long   5                       /* NT_GNU_PROPERTY_TYPE_0 */
    .asciz  "GNU"
    .long   0xc0000000              /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
    .long   4
    .long   1                       /* GNU_PROPERTY_AARCH64_FEATURE_1_BTI */
    .long   0
#endif
