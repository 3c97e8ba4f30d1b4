/* SPDX-License-Identifier: MIT */
/*
 * What a fuzz target defines: libFuzzer's entry, which replay.c calls as well. It judges one
 * input and aborts (AORTA_ASSERT) when a property of the code under test does not hold.
 */
#ifndef AORTA_TEST_FUZZ_H
#define AORTA_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0. `data` has exactly `size` bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
