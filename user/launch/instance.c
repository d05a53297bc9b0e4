// SPDX-License-Identifier: GPL-2.0-only
#include "user/launch/instance.h"

#include <stdlib.h>

#include "user/base/mem.h"

static int start_client(struct instance *one, const struct scenario *s, struct client_options how,
			struct error *err)
{
	CLEANUP_FREE char *output = NULL;

	how.port = s->options->port;
	how.path = s->options->path;
	how.address = s->ops->net == NET_HOST ? "127.0.0.1" : NET_SERVICE_ADDRESS;
	how.net = s->ops->net;
	if (how.ready)
		how.output = output = xasprintf("%s/" KEEPER_OUTPUT, one->run.dir);
	one->client = client_start(&how, err);
	return one->client ? 0 : err->code;
}

int instance_set_up(struct instance *one, struct scenario *s, const struct scratch *scratch,
		    unsigned int number, struct client_options how, struct error *err)
{
	CLEANUP_FREE char *name = xasprintf("run-%u", number);
	struct keeper_options options = { .scenario = s, .run = &one->run, .stop_fd = how.stop_fd };
	int ret;

	one->run.number = number;
	one->run.id = xasprintf("coldprof-%s-%u", scratch->name, number);
	one->run.dir = scratch_subdir(scratch, name, err);
	if (!one->run.dir)
		return err->code;
	if (s->ops->pipes) {
		one->console = console_start(one->run.dir, s->ops->pipes, err);
		if (!one->console)
			return err->code;
	}
	ret = start_client(one, s, how, err);
	if (ret)
		return ret;
	options.client_netns_fd = client_netns_fd(one->client);
	ret = keeper_start(&one->keeper, &options, err);
	if (ret)
		return ret;
	one->kept = true;
	if (s->ops->net == NET_VETH)
		ret = client_join(one->client, one->keeper.netns_fd, err);
	return ret;
}

void instance_release(struct instance *one)
{
	keeper_stop(&one->keeper);
	console_free(one->console);
	client_stop(one->client);
	if (one->run.dir)
		scratch_remove(one->run.dir);
	free(one->run.id);
	free(one->run.dir);
	*one = (struct instance){ .keeper.pid = -1 };
}
