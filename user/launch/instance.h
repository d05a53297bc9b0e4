/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * instance.h - one instance of a scenario: its box, its client, its directory, its console.
 *
 * A run has one; several may live side by side, for each has namespaces of its own and so the same
 * addresses as any other.
 */
#ifndef COLDPROF_INSTANCE_H
#define COLDPROF_INSTANCE_H

#include <stdbool.h>

#include "scenarios/scenario.h"
#include "user/base/error.h"
#include "user/launch/client.h"
#include "user/launch/console.h"
#include "user/launch/keeper.h"
#include "user/launch/scratch.h"

struct instance { /* zero-initialise, with keeper.pid = -1 */
	struct scenario_run run;
	struct keeper keeper;
	bool kept; /* the keeper was started */
	struct client *client;
	struct console *console;
};

/*
 * Everything up to the launch. number is unique in the session; of how, what comes from the scenario
 * (port, path, address, net, output) is filled in here. On failure as well: instance_release().
 */
int instance_set_up(struct instance *one, struct scenario *s, const struct scratch *scratch,
		    unsigned int number, struct client_options how, struct error *err);

/* Everything in it killed and gone, its directory too. What it made in cgroups is the caller's. */
void instance_release(struct instance *one);

#endif
