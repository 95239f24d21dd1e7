// SPDX-License-Identifier: Apache-2.0
#ifndef METALLB_NETLINK_H
#define METALLB_NETLINK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads all links, their IPv6 link-local addresses and, in each family, the first 64 others of a link: whole RTM_NEWLINK
 * messages, then whole RTM_NEWADDR messages, in memory the caller frees. Returns 0 or -errno.
 */
int netlink_dump_links(uint8_t **out, size_t *len);

/* Opens a non-blocking socket that becomes readable when a link or an address changes. Returns the descriptor or -errno. */
int netlink_watch_links(void);

/* Throws away what is waiting: a change means a new dump. Losing messages (ENOBUFS) means the same. */
void netlink_discard(int fd);

#endif
