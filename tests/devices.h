/* For tests that run on every device of a kind: `test-NAME cpu`, `test-NAME vulkan`, `test-NAME` for all. */
#pragma once

#include "riposte-engine.h"

G_BEGIN_DECLS

/* After g_test_init(): calls @add for each device that the arguments ask for, runs the tests, and returns the exit
 * status. Skips all with the reason where there is no such device. */
int devices_run (int argc, char **argv, void (*add) (const char *device));

G_END_DECLS
